"""The door: who is let in, what is refused with which code, and what is kept of it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu_client import AsyncClient, CallRefused, NotGenuine, signing
from dancu_client.calls import Asking
from dancu_client.proofs import check
from tests.exchange.calling import ISSUER, OPERATOR, WHY, Program, Site, citizen
from tests.exchange.calling import site as site

pytestmark = pytest.mark.asyncio(loop_scope="session")
NUMBER = "000190000001"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def partner(site: Site) -> Program:
    """A live partner with an agreement for verify."""
    made = await site.program("Bộ Ở Cửa")
    await site.agree(made.org_code)
    site.forget()
    return made


async def request_of(program: Program, body: Any = None, *, message_id: str = "", path: str = "", **context: str | None) -> tuple[Asking, dict[str, str]]:
    """A whole call and its headers, as the client would send it."""
    core = program.client.core
    await program.client._prepare()
    asking = core.asking("verify", body or {"number": NUMBER, "fields": {"name": "Ai Đó"}}, WHY, path=path, message_id=message_id)
    if context:
        members = json.loads(asking.content)
        members["context"] = {k: v for k, v in {**members["context"], **context}.items() if v is not None}
        asking.content = json.dumps(members).encode()
    return asking, dict(core.request(asking).headers)


async def send(program: Program, asking: Asking, headers: Any, *, content: bytes | None = None, url: str = "") -> httpx.Response:
    response = await program.http.post(url or asking.path, content=asking.content if content is None else content, headers=headers)
    program.client.core.check(response)  # refusals are signed too
    return response


def code(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json().get("code", "")


async def lines(site: Site, program: Program) -> list[str]:
    return [row[0] for row in await site.sql("SELECT verdict FROM exchange.call WHERE client_no = %s ORDER BY at", (program.client_no,))]


def resign(program: Program, asking: Asking, headers: dict[str, str], **changes: Any) -> dict[str, str]:
    """Signed again after a change: `now`, `nonce`, `keyid`, `key`, headers."""
    config = program.config
    headers = {**headers, **{k: v for k, v in changes.items() if "-" in k}}
    signed = signing.sign_request(
        changes.get("key", config.private_key), changes.get("keyid", config.thumbprint), "POST", changes.get("url", ISSUER + asking.path),
        headers, changes.get("nonce", asking.message_id), changes.get("now"),
    )  # fmt: skip
    return {**headers, **signed}


async def test_a_good_call_is_answered_once(site: Site, partner: Program) -> None:
    asking, headers = await request_of(partner)
    first, again = await send(partner, asking, headers), await send(partner, asking, headers)
    assert first.status_code == 200 and first.json()["found"] is False
    assert code(again) == (409, "exchange.replay")
    kept = await site.sql(
        "SELECT message_id, verdict FROM exchange.call WHERE client_no = %s AND message_id LIKE %s", (partner.client_no, f"{asking.message_id[:20]}%")
    )
    assert sorted(row[1] for row in kept) == ["exchange.replay", "person.not_found"]
    assert (asking.message_id, "person.not_found") in kept


async def test_of_parallel_replays_exactly_one_wins(site: Site, partner: Program) -> None:
    asking, headers = await request_of(partner)
    answers = await asyncio.gather(*(send(partner, asking, headers) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 11]
    assert (await site.sql("SELECT count(*) FROM audit.pending WHERE request_id = %s", (asking.message_id,)))[0][0] == 1


async def test_parallel_replays_of_an_ordinary_service_too(site: Site) -> None:
    program = await site.program("Bộ Lặp Lại")
    await site.agree(program.org_code, "lookup", "name")
    _, number = await citizen(site)
    site.forget()
    asking, headers = await request_of(program, {"number": number, "fields": ["name"]}, path="/api/v1/exchange/lookup")
    answers = await asyncio.gather(*(send(program, asking, headers) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    assert (await site.sql("SELECT count(*) FROM audit.pending WHERE request_id = %s AND action = 'read'", (asking.message_id,)))[0][0] == 1


STRANGER = ec.generate_private_key(ec.SECP256R1())
Change = Callable[[Program, Asking, dict[str, str]], dict[str, str]]
UNKNOWN: dict[str, tuple[Change, int, str]] = {
    "no token": (lambda p, a, h: {k: v for k, v in h.items() if k != "authorization"}, 401, "exchange.token"),
    "a token of nobody": (lambda p, a, h: {**h, "authorization": "DPoP a.b.c"}, 401, "exchange.token"),
    "a bound token as a free one": (lambda p, a, h: {**h, "authorization": h["authorization"].replace("DPoP", "Bearer")}, 401, "exchange.token"),
    "no proof of the binding": (lambda p, a, h: {k: v for k, v in h.items() if k != "dpop"}, 401, "exchange.token"),
    "a proof for elsewhere": (
        lambda p, a, h: {**h, "dpop": p.client.core.proof("POST", f"{ISSUER}/elsewhere", p.client.core.token)}, 401, "exchange.token",
    ),
    "no signature": (lambda p, a, h: {k: v for k, v in h.items() if not k.startswith("signature")}, 401, "exchange.signature"),
    "a signature of somebody else": (lambda p, a, h: resign(p, a, h, key=STRANGER), 401, "exchange.signature"),
    "a key nobody knows": (lambda p, a, h: resign(p, a, h, keyid="0" * 64), 401, "exchange.signature"),
    "a keyid that is none": (lambda p, a, h: resign(p, a, h, keyid="../../etc"), 401, "exchange.signature"),
    "another address": (lambda p, a, h: resign(p, a, h, url=f"{ISSUER}/api/v1/exchange/lookup"), 401, "exchange.signature"),
    "too little is covered": (lambda p, a, h: {**h, **_narrow(p, a, h)}, 401, "exchange.signature"),
    "another label": (
        lambda p, a, h: {**h, "signature-input": h["signature-input"].replace("sig1", "sig2"), "signature": h["signature"].replace("sig1", "sig2")},
        401, "exchange.signature",
    ),
    "an alg that is not the key's": (
        lambda p, a, h: {**h, "signature-input": h["signature-input"].replace("ecdsa-p256-sha256", "ed25519")}, 401, "exchange.signature",
    ),
    "an alg of another world": (
        lambda p, a, h: {**h, "signature-input": h["signature-input"].replace("ecdsa-p256-sha256", "hmac-sha256")}, 401, "exchange.signature",
    ),
    "a body in disguise": (lambda p, a, h: {**h, "content-encoding": "gzip"}, 400, "exchange.malformed"),
    "a certificate nobody vouches for": (lambda p, a, h: {**h, "client-cert": ":AAAA:"}, 403, "exchange.certificate"),
}  # fmt: skip


def _narrow(program: Program, asking: Asking, headers: dict[str, str]) -> dict[str, str]:
    params = f'("@method" "@target-uri");created={int(time.time())};keyid="{program.config.thumbprint}";nonce="{asking.message_id}";alg="ecdsa-p256-sha256"'
    base = f'"@method": POST\n"@target-uri": {ISSUER}{asking.path}\n"@signature-params": {params}'
    signature = base64.b64encode(signing.sign_raw(program.config.private_key, base.encode())).decode()
    return {"signature-input": f"sig1={params}", "signature": f"sig1=:{signature}:"}


@pytest.mark.parametrize("what", UNKNOWN)
async def test_who_is_not_proved_is_refused_and_leaves_no_line(site: Site, partner: Program, what: str) -> None:
    change, status, expected = UNKNOWN[what]
    before = await lines(site, partner)
    asking, headers = await request_of(partner)
    response = await send(partner, asking, change(partner, asking, headers))
    assert code(response) == (status, expected)
    assert await lines(site, partner) == before


KNOWN: dict[str, tuple[Change, int, str]] = {
    "signed long ago": (lambda p, a, h: resign(p, a, h, now=time.time() - 75), 400, "exchange.clock"),
    "signed in the future": (lambda p, a, h: resign(p, a, h, now=time.time() + 75), 400, "exchange.clock"),
    "another body": (lambda p, a, h: resign(p, a, h, **{"content-digest": signing.content_digest(b"{}")}), 400, "exchange.digest"),
    "no digest we know": (lambda p, a, h: resign(p, a, h, **{"content-digest": "md5=:AAAA:"}), 400, "exchange.digest"),
    "a digest that is none": (lambda p, a, h: resign(p, a, h, **{"content-digest": "sha-256"}), 400, "exchange.digest"),
    "a message id too short": (lambda p, a, h: resign(p, a, h, nonce="short"), 400, "exchange.message_id"),
    "a message id of foreign letters": (lambda p, a, h: resign(p, a, h, nonce="x" * 20 + " /"), 400, "exchange.message_id"),
    "another kind of content": (lambda p, a, h: resign(p, a, h, **{"content-type": "text/plain"}), 400, "exchange.malformed"),
}  # fmt: skip


@pytest.mark.parametrize("what", KNOWN)
async def test_what_a_known_caller_does_wrong_is_a_line(site: Site, partner: Program, what: str) -> None:
    change, status, expected = KNOWN[what]
    asking, headers = await request_of(partner)
    response = await send(partner, asking, change(partner, asking, headers))
    assert code(response) == (status, expected)
    assert (response.json()["title"] == "Thông tin gửi lên chưa đúng") is (status in (400, 413, 422)), "what is wrong is not what is forbidden"
    assert (await lines(site, partner))[-1] == expected


@pytest.mark.parametrize("member", ["purpose", "legal_basis", "case_ref", "officer"])
@pytest.mark.parametrize("value", [None, "", "  ", "x" * 500, "a\u0000b"])
async def test_without_any_of_the_four_nothing(partner: Program, member: str, value: str | None) -> None:
    asking, headers = await request_of(partner, **{member: value})
    assert code(await send(partner, asking, headers)) == (422, f"exchange.context.{member}")


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"null", b'{"context": 1}', b"\xff\xfe", b'{"context":{}}'])
async def test_bodies_that_are_no_call(partner: Program, content: bytes) -> None:
    asking, _ = await request_of(partner)
    asking.content = content
    response = await send(partner, asking, dict(partner.client.core.request(asking).headers))
    assert response.status_code in (400, 422) and response.json()["code"].startswith("exchange.")


async def test_a_header_twice_is_refused(partner: Program) -> None:
    asking, headers = await request_of(partner)
    for name in ("signature", "content-digest", "authorization", "signature-input", "content-type"):
        response = await send(partner, asking, [*headers.items(), (name, headers[name])])
        assert code(response) == (400, "exchange.malformed"), name


async def test_tricks_with_the_address(site: Site, partner: Program) -> None:
    asking, headers = await request_of(partner)
    response = await send(partner, asking, headers, url=asking.path + "?x=1")
    assert code(response) == (401, "exchange.signature")
    signed = resign(partner, asking, headers, url=f"{ISSUER}{asking.path}?x=1")
    assert code(await send(partner, asking, signed, url=asking.path + "?x=1")) == (400, "exchange.malformed")
    asking, headers = await request_of(partner)
    # Percent-encoding of a plain letter names the same place; whichever way it is read, the signature is over one spelling.
    assert code(await send(partner, asking, headers, url="/api/v1/exchange/verif%79")) in ((401, "exchange.signature"), (200, ""))


async def test_oversized(partner: Program) -> None:
    asking, _ = await request_of(partner, {"number": NUMBER, "fields": {"name": "x" * 9000}})
    response = await send(partner, asking, dict(partner.client.core.request(asking).headers))
    assert code(response) == (413, "exchange.too_large")
    huge = await partner.http.post(asking.path, content=b"x" * 200_000)
    assert huge.status_code == 413


async def test_what_was_agreed_decides(site: Site) -> None:
    program = await site.program("Bộ Chưa Có Gì")
    site.forget()
    asking, headers = await request_of(program)
    assert code(await send(program, asking, headers)) == (403, "agreement.none")
    await site.agree(program.org_code, hours=(0, 24), quota_day=3)
    site.forget()
    for context, expected in (({"purpose": "tax"}, "agreement.purpose"), ({"legal_basis": "1/2/3"}, "agreement.legal_basis")):
        asking, headers = await request_of(program, **context)
        assert code(await send(program, asking, headers)) == (403, expected)
    for _ in range(3):
        asking, headers = await request_of(program)
        assert (await send(program, asking, headers)).status_code == 200
    asking, headers = await request_of(program)
    refused = await send(program, asking, headers)
    assert code(refused) == (429, "exchange.quota") and 0 < int(refused.headers["retry-after"]) <= 86400
    assert (await lines(site, program))[-1] == "exchange.quota"
    # Another quota counts at once, whatever this process still holds of the block it took under the one before.
    await site.agree(program.org_code, quota_day=100_000)
    site.forget()
    for _ in range(2):
        asking, headers = await request_of(program)
        assert (await send(program, asking, headers)).status_code == 200
    await site.agree(program.org_code, quota_day=6)
    site.forget()
    for expected in ((200, ""), (429, "exchange.quota")):
        asking, headers = await request_of(program)
        assert code(await send(program, asking, headers)) == expected
    hour = datetime.now(UTC) + timedelta(hours=7)
    later = (hour.hour + 2) % 23
    await site.agree(program.org_code, hours=(later, later + 1))
    site.forget()
    asking, headers = await request_of(program)
    assert code(await send(program, asking, headers)) == (403, "agreement.hours")
    await site.sql("UPDATE sharing.data_agreement SET valid = daterange('2020-01-01', '2021-01-01') WHERE org_code = %s AND state = 'in_force'", (program.org_code,))
    await site.sql("UPDATE sharing.change SET seq = seq + 1")
    site.forget()
    asking, headers = await request_of(program)
    assert code(await send(program, asking, headers)) == (403, "agreement.expired")


async def test_suspension_and_revocation_work_within_seconds(site: Site) -> None:
    from dancu.exchange.service import partners, systems

    program = await site.program("Bộ Bị Dừng")
    await site.agree(program.org_code)
    site.forget()
    asking, headers = await request_of(program)
    assert (await send(program, asking, headers)).status_code == 200
    async with site.conn() as conn:
        await partners.suspend(conn, OPERATOR, program.org_code, "nghi lộ khóa")
    await asyncio.sleep(1.1)
    asking, headers = await request_of(program)
    assert code(await send(program, asking, headers)) == (403, "exchange.suspended")
    assert (await lines(site, program))[-1] == "exchange.suspended"
    async with site.conn() as conn:
        await partners.resume(conn, OPERATOR, program.org_code)
    await asyncio.sleep(1.1)
    asking, headers = await request_of(program)
    assert (await send(program, asking, headers)).status_code == 200
    async with site.conn() as conn:
        await systems.revoke_certificate(conn, OPERATOR, f"{program.config.x509.serial_number:x}", "mất khóa")
    await asyncio.sleep(1.1)
    asking, headers = await request_of(program)
    assert code(await send(program, asking, headers))[1] in ("exchange.certificate", "exchange.suspended")


async def test_what_was_just_added_or_agreed_works_at_once(site: Site, partner: Program) -> None:
    """The picture of a second ago knows neither the program nor its agreement."""
    asking, headers = await request_of(partner)
    assert (await send(partner, asking, headers)).status_code == 200
    program = await site.program("Bộ Vừa Vào")
    asking, headers = await request_of(program)
    assert code(await send(program, asking, headers)) == (403, "agreement.none")
    await site.agree(program.org_code)
    asking, headers = await request_of(program)
    assert (await send(program, asking, headers)).status_code == 200


async def test_a_trusted_proxy_vouches_for_the_certificate(site: Site) -> None:
    """RFC 9440 and RFC 8705: the token is bound to the certificate the proxy saw, and to no other."""
    program = await site.program("Bộ Sau Cổng", bound="mtls", address=("10.0.0.1", 4000))
    await site.agree(program.org_code)
    site.forget()
    der = program.config.x509.public_bytes(serialization.Encoding.DER)
    program.http.headers["client-cert"] = f":{base64.b64encode(der).decode()}:"
    answer = await program.client.verify(NUMBER, {"name": "Ai Đó"}, WHY)
    assert answer.body["found"] is False
    asking, headers = await request_of(program)
    headers.pop("client-cert")
    program.http.headers["client-cert"] = f":{base64.b64encode(der[:-1] + b'x').decode()}:"
    assert code(await send(program, asking, headers)) == (401, "exchange.token")
    outside = site.http(("203.0.113.9", 4000))
    outside.headers["client-cert"] = f":{base64.b64encode(der).decode()}:"
    assert code(await outside.post(asking.path, content=asking.content, headers=headers)) == (403, "exchange.certificate")


async def test_ed25519_keys_sign_as_well(site: Site) -> None:
    program = await site.program("Bộ Khóa Mới", ed=True, live=False)
    site.forget()
    assert (await program.client.verify(NUMBER, {"name": "Trần Thị Mẫu"}, WHY)).body["fields"] == {"name": "yes"}


async def test_another_partners_token_does_not_serve(site: Site, partner: Program) -> None:
    """A token and a signature of two different programs are nobody's call."""
    other = await site.program("Bộ Khác Nữa")
    await site.agree(other.org_code)
    site.forget()
    asking, headers = await request_of(other)
    stolen = resign(other, asking, headers, key=partner.config.private_key, keyid=partner.config.thumbprint)
    assert code(await send(other, asking, stolen)) == (401, "exchange.signature")


async def test_the_client_believes_nothing_that_was_changed(site: Site, partner: Program) -> None:
    answer = await partner.client.verify(NUMBER, {"name": "Ai Đó"}, WHY)
    core = partner.client.core
    with pytest.raises(NotGenuine):
        core.read_receipt(answer.receipt_jws[:-4] + "AAAA")
    asking, headers = await request_of(partner)
    response = await send(partner, asking, headers)
    response._content = response.content.replace(b'"found":false', b'"found":true ')
    with pytest.raises(NotGenuine):
        core.take(asking, response)
    with pytest.raises(NotGenuine):
        check({"format": "dancu-proof/1"}, "x+00000000+AAAA", "", "")


async def test_proofs_of_names_nobody_gave(site: Site, partner: Program) -> None:
    for name in ("A" * 22, "x", "..", "A" * 23, "%00" * 5):
        assert (await partner.http.get(f"/api/v1/exchange/proof/{name}")).status_code == 404


async def test_a_refused_call_is_refused_for_the_client(site: Site, partner: Program) -> None:
    with pytest.raises(CallRefused) as refused:
        await partner.client.call("verify", {"number": "1", "fields": {"name": "x"}}, WHY)
    assert (refused.value.status, refused.value.code) == (422, "person.number.length")
    with pytest.raises(CallRefused) as refused:
        await partner.client.call("verify", {"number": NUMBER, "fields": {"birth": "hôm qua", "sex": "x"}}, WHY)
    assert refused.value.code == "verify.value" and "hôm qua" not in json.dumps(refused.value.problem, ensure_ascii=False)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["number", "fields", "context", "name", "birth", "sex", "phone", "x"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["number", "fields", "name", "birth", "place", "x"]), json_values, max_size=4), st.sampled_from(["verify", "lookup"]))
async def test_whatever_is_asked_is_answered_or_refused(partner: Program, members: dict[str, Any], service: str) -> None:
    asking, headers = await request_of(partner, members or {"x": 1}, path=f"/api/v1/exchange/{service}")
    assert (await send(partner, asking, headers)).status_code < 500


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["signature", "signature-input", "content-digest", "authorization", "dpop", "content-type", "client-cert"]),
    st.one_of(st.binary(max_size=60), st.text('sig1=("@method");created=keyid:,AB\\', max_size=80).map(str.encode)),
)
async def test_whatever_a_header_holds_is_refused(partner: Program, name: str, value: bytes) -> None:
    value = bytes(byte for byte in value if byte not in b"\r\n\0")
    asking, headers = await request_of(partner)
    raw = [(k.encode(), v.encode()) for k, v in headers.items() if k != name] + [(name.encode(), value)]
    response = await partner.http.post(asking.path, content=asking.content, headers=raw)
    assert 400 <= response.status_code < 500


async def test_a_second_client_object_needs_a_token_of_its_own(site: Site, partner: Program) -> None:
    again = AsyncClient(partner.config, partner.http)
    assert (await again.verify(NUMBER, {"name": "Ai Đó"}, WHY)).body["found"] is False


async def test_who_is_turned_away_by_a_full_house_may_send_the_same_message_again(site: Site, partner: Program) -> None:
    lane = site.app.state.exchange.lane
    asking, headers = await request_of(partner)
    lane._limit = 0
    try:
        busy = await send(partner, asking, headers)
    finally:
        lane._limit = 1000
    assert code(busy) == (503, "exchange.busy") and int(busy.headers["retry-after"]) > 0
    assert (await send(partner, asking, headers)).status_code == 200
