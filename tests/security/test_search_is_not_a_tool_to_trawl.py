"""Search takes whatever is typed and finds people by it: it runs nothing, costs little, and says no to trawling."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.kernel.actor import Purpose
from dancu.kernel.errors import DancuError, Invalid
from dancu.kit.db import keep_evidence
from dancu.population import service
from dancu.population.service.search import near, understand
from dancu.population.store import gate

CHECK = Purpose("identity_check", "26/2023/QH15")
# What quotes, formats or escapes in SQL, and letters that break careless handling of text.
NASTY = st.text(
    st.one_of(st.sampled_from("'\"\\%$,{}()[];:-/*_\n\t\r\x01E"), st.characters(exclude_categories=("Cs",), exclude_characters="\x00")),
    max_size=30,
)
LOOSE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LOOSE
@given(groups=st.lists(st.lists(NASTY, min_size=1, max_size=4), min_size=1, max_size=4), text=NASTY)
async def test_no_term_leaves_its_quotes(office, app, police, groups, text):
    """The store's door, below the reading of names: terms go into the statement's text."""
    wanted = gate.Wanted(tuple(map(tuple, groups)), text, text, text, None, None, None, None, 20)
    async with app.transaction(force_rollback=True):
        rows = await gate.search(app, police, CHECK, wanted)
        assert rows == []
        # Still the same role, and nothing opened.
        assert await (
            await app.execute("SELECT current_user, population.subjects(), population.writable()")
        ).fetchone() == ("dancu_app", [], [])


@LOOSE
@given(text=NASTY, born=st.one_of(st.just("1990"), NASTY), place=st.one_of(st.just(""), NASTY))
async def test_whatever_is_typed_is_answered_or_refused_in_words(office, app, police, text, born, place):
    async with app.transaction(force_rollback=True):
        with suppress(DancuError):
            assert isinstance(await service.search(app, police, CHECK, text, born=born, place=place), list)


@pytest.mark.parametrize("field", ["terms", "name"])
async def test_a_term_that_is_a_statement_finds_nobody(office, app, police, field):
    await office.person()
    evil = "x'::text[] OR true) -- "
    groups = ((evil,),) if field == "terms" else (("1990:hoa",),)
    found = await gate.search(app, police, CHECK, gate.Wanted(groups, evil, evil, evil, None, None, None, None))
    assert len(found) == (0 if field == "terms" else 1)


def test_a_long_word_is_not_multiplied():
    """200 letters, each place changed to each letter, in each of eighty communes were a query of 170 megabytes."""
    assert near("a" * 200) == ("a" * 200,)
    assert len(near("nghieng")) < 500


@pytest.mark.parametrize(("text", "born"), [("y", "1990"), ("h", ""), ("Y", "06/1990")])
def test_a_single_letter_is_no_name_without_the_whole_day(text, born):
    with pytest.raises(Invalid) as refused:
        understand(text, born, "Phường Trường Xuân, Tam Kỳ, Quảng Nam")
    assert refused.value.code == "search.too_broad_letter"


def test_a_single_letter_with_the_whole_day_is():
    """Names of one letter exist (Y, of several peoples): never refuse the person."""
    assert understand("Y", "12/04/1990").tokens == ("y",)


async def test_a_refused_broad_search_is_recorded_through_the_rollback(office, app, police, registry, monkeypatch):
    async def broad(*_: object) -> list[tuple[str]]:
        return [("too_broad",)]

    monkeypatch.setattr(gate, "search", broad)
    me = replace(police, request_id="broad-1")
    with pytest.raises(Invalid) as refused:
        async with app.transaction():
            await service.search(app, me, CHECK, "Nguyễn", born="1990")
    await keep_evidence(app, refused.value)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        rows = await admin.execute(
            "SELECT action, subject, note->>'verdict' FROM audit.pending WHERE request_id = 'broad-1'"
        )
        assert await rows.fetchall() == [("search", None, "too_broad")]
