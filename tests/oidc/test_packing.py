"""What travels sealed comes back as it was, short or long; what was sealed as another kind does not open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.kit import answering
from dancu.oidc.endpoints import wire
from dancu.oidc.models import AuthRequest
from dancu.oidc.service.packing import CODE, FLOW, pack, unpack
from dancu.oidc.service.seal import Sealer

_WORDS = st.text(max_size=12)
_REQUESTS = st.builds(
    AuthRequest, request_id=st.binary(min_size=16, max_size=16), client_id=_WORDS, redirect_uri=_WORDS, scope=st.lists(_WORDS, max_size=3).map(tuple),
    at=st.integers(0, 2**40), claims=st.dictionaries(_WORDS, st.none() | st.dictionaries(_WORDS, st.booleans(), max_size=2), max_size=3),
    details=st.lists(st.dictionaries(_WORDS, _WORDS, max_size=2), max_size=2), state=_WORDS | st.just("s" * 3000), prompt=st.frozensets(_WORDS, max_size=2),
    max_age=st.none() | st.integers(0, 10**6), acr_values=st.lists(_WORDS, max_size=2).map(tuple), ui_locales=st.lists(_WORDS, max_size=2).map(tuple),
    pushed=st.booleans(), after=st.floats(0, 2**33),
)  # fmt: skip


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    folder: Path = tmp_path_factory.mktemp("keys")
    return Sealer(folder)


@given(request=_REQUESTS)
def test_a_request_comes_back_as_it_was(sealer: Sealer, request: Any) -> None:
    text = sealer.seal_json(FLOW, pack(request))
    values = sealer.open_json(FLOW, text)
    assert unpack(values) == unpack(values) == request, "and so often as it is looked at"
    assert sealer.open_json(CODE, text) is None
    assert len(text) < 2500, "what is long is compressed"


def test_the_headers_of_these_endpoints_are_usual_ones() -> None:
    """Answers with others are written header by header, at three times the cost (`kit/answering.py`)."""
    assert {name.lower().encode() for name in (*wire._CORS, *wire._PREFLIGHT, "DPoP-Nonce")} <= set(answering.USUAL)
