"""Array literals mean what was put in, whatever it is."""

from __future__ import annotations

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.kit import arrays

_TEXT = st.none() | st.sampled_from(["", "NULL", "null", "{}", '"', "\\", '\\"', "a,b", " ", "{1,2}", "Đỗ 'Thị'"]) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=12
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(_TEXT, max_size=8), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=8),
    st.lists(st.binary(max_size=8), max_size=8),
)  # fmt: skip
def test_what_was_put_in_comes_out(database, words, numbers, blobs):
    with psycopg.connect(database.dsn("app")) as conn:
        row = conn.execute(
            "SELECT %s::text[], %s::bigint[], %s::bytea[]", (arrays.texts(words), arrays.numbers(numbers), arrays.blobs(blobs))
        ).fetchone()
    assert row == (words, numbers, blobs)
