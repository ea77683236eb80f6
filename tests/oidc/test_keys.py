"""Signing keys: published before they sign, published until nothing they signed is valid, and no quarrel about which is which."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dancu.kernel.errors import Unavailable
from dancu.oidc.jose import JoseError, split
from dancu.oidc.models import AuthMethod, Client, ClientState, Family, Profile
from dancu.oidc.service import tokens
from dancu.oidc.service.key_series import Series
from dancu.oidc.service.keys import LEAD_SECONDS, LIFE_SECONDS, OVERLAP_SECONDS, SigningKeys
from dancu.oidc.service.provider import Provider
from dancu.oidc.service.tokens import Access


def kids(keys: SigningKeys, now: float) -> set[str]:
    return {one["kid"] for one in keys.jwks(now)["keys"]}


def test_a_key_is_published_before_it_signs_and_after_it_stopped(tmp_path: Path) -> None:
    keys, now = SigningKeys(tmp_path), time.time()
    first = keys.signer(now).kid
    assert not keys.rotate(now), "young"
    late = now + LIFE_SECONDS + 3600
    assert keys.rotate(late)
    assert keys.signer(late).kid == first and len(kids(keys, late)) == 2, "the next is there and does not sign yet"
    begun = late + LEAD_SECONDS + 1
    second = keys.signer(begun).kid
    assert second != first and kids(keys, begun) == {first, second}
    over = begun + OVERLAP_SECONDS + 3600
    assert kids(keys, over) == {second}
    keys.rotate(over)
    assert len(list(tmp_path.glob("sign-*.pem"))) == 1


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(60, LIFE_SECONDS), min_size=1, max_size=12))
def test_whoever_signs_is_published_at_every_moment(tmp_path_factory: pytest.TempPathFactory, pauses: list[int]) -> None:
    """Also for clients that keep the set for as long as we allow (15 minutes) and tokens that live as long as ours do."""
    keys = SigningKeys(tmp_path_factory.mktemp("k"))
    now = time.time()
    seen: list[tuple[float, set[str]]] = [(now, kids(keys, now))]
    for pause in pauses:
        now += pause
        keys.rotate(now)
        kid = keys.signer(now).kid
        assert kid in kids(keys, now) and kid in kids(keys, now + 3600)
        assert all(kid in known for at, known in seen if now - 900 <= at), "a client with a set of 15 minutes ago knows it"
        seen.append((now, kids(keys, now)))


def test_several_who_rotate_at_once_make_one_key(tmp_path: Path) -> None:
    SigningKeys(tmp_path).signer()
    late = time.time() + LIFE_SECONDS + 3600
    workers = [threading.Thread(target=lambda: SigningKeys(tmp_path).rotate(late)) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(list(tmp_path.glob("sign-*.pem"))) == 2


def test_another_process_signs_with_a_new_key_and_we_know_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dancu.oidc.service import key_series as module

    monkeypatch.setattr(module, "_LOOK_SECONDS", 0.0)
    mine, theirs = SigningKeys(tmp_path), SigningKeys(tmp_path)
    mine.signer()
    monkeypatch.setattr(module, "LEAD_SECONDS", 0)
    theirs.rotate(force=True)
    token = theirs.signer().sign({"x": 1}, "JWT")
    assert theirs.signer().kid != SigningKeys(tmp_path).published()[0].signer.kid
    mine.verify(split(token))


def test_foreign_tokens_and_open_files(tmp_path: Path) -> None:
    keys = SigningKeys(tmp_path / "a")
    with pytest.raises(JoseError):
        keys.verify(split(SigningKeys(tmp_path / "b").signer().sign({}, "JWT")))
    (path,) = (tmp_path / "a").glob("sign-*.pem")
    path.chmod(0o644)
    with pytest.raises(Unavailable):
        SigningKeys(tmp_path / "a").signer()


def test_a_token_signed_here_is_known_byte_for_byte_and_only_while_its_key_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = SigningKeys(tmp_path)
    said = Access({"n": 1}, None)
    token = keys.remember(keys.signer().sign(said.claims, "at+jwt"), keys.signer().kid, said)
    head, body, signature = token.split(".")
    other = "A" if signature[0] != "A" else "B"
    for wrong in (f"{head}.{body}.{other}{signature[1:]}", f"{head}.{body[:-1]}B.{signature}", f"{head}.{body}", token + "="):
        assert keys.recalled(wrong) is None
    assert keys.recalled(token) is said and split(token).claims == said.claims
    assert SigningKeys(tmp_path).recalled(token) is None
    SigningKeys(tmp_path).verify(split(token))
    keys.rotate(force=True)
    assert keys.recalled(token) is said, "the next one is laid down already"
    monkeypatch.setattr(Series, "_current", lambda self: ())
    assert keys.recalled(token) is None
    with pytest.raises(JoseError, match="unknown key"):
        keys.verify(split(token))


def test_the_latest_tokens_are_remembered_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dancu.oidc.service.keys._MOST_OWN", 2)
    keys = SigningKeys(tmp_path)
    for name in "abc":
        keys.remember(name, keys.signer().kid, Access({"n": name}, None))
    assert [keys.recalled(name) is not None for name in "abc"] == [False, True, True]


def test_what_is_remembered_of_a_token_is_what_stands_in_it(tmp_path: Path) -> None:
    here, there, now = (*(Provider(tmp_path, lambda: pytest.fail("nothing is asked")) for _ in range(2)), datetime.now(UTC))
    client = Client(7, "c", "C", "org", Profile.BASIC, ClientState.LIVE, AuthMethod.NONE, "c.example")
    details = [{"type": "t", "actions": ["read"]}]
    family = Family(5, b"f" * 16, 7, ("openid",), {}, details, "p", "b", "sid", 2, ("pin", "sms"), now, 0, "jkt", "", False, 0, now, now, now)
    for whose, extra in ((family, {"act": {"sub": "x"}}), (None, None)):
        token = tokens.access_token(here, "https://i", client, subject="s", scope=("openid", "name"), jkt="jkt", audience=("a", "b"), family=whose, extra=extra)
        read = [tokens.read_access_token(provider, "https://i", token) for provider in (here, there)]
        assert read[0] == read[1] and read[0].handle == (tokens.Handle(5, b"f" * 16, 7) if whose else None)
        with pytest.raises(JoseError, match="somebody else"):
            tokens.read_access_token(here, "https://other", token)
        with pytest.raises(JoseError, match="expired"):
            tokens.read_access_token(here, "https://i", token, now=time.time() + 400)


def test_rs256_has_no_key_before_somebody_needs_one_and_then_rotates_alike(tmp_path: Path) -> None:
    keys, now = SigningKeys(tmp_path), time.time()
    keys.signer()
    keys.rotate(force=True)
    assert not list(tmp_path.glob("rs256-*.pem"))
    first = keys.signer(alg="RS256")
    keys.verify(split(first.sign({}, "JWT")))
    assert first.kid in kids(SigningKeys(tmp_path), now), "another process publishes it too"
    keys.rotate(now + LIFE_SECONDS + 1)
    changed = now + LIFE_SECONDS + 2 * LEAD_SECONDS
    assert keys.signer(changed, "RS256").kid != first.kid and first.kid in kids(keys, changed)
