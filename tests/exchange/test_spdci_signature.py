"""Signatures of SPDCI's envelopes: a program must sign with its own key, for now, what it sends; a demonstration's name need not."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from types import SimpleNamespace

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from dancu.exchange.service import directory, partners
from dancu.exchange.service.spdci import envelope
from dancu.kit.httpsig import Signer, Verifier
from dancu.oidc.jose import public_key
from dancu.oidc.service import tokens
from dancu.oidc.service.provider import Provider
from dancu.sharing.models import DataTerms
from dancu.sharing.service import data_agreements
from dancu_client.signing import jwk_of
from tests.exchange.calling import OPERATOR, WHY, csr_of
from tests.exchange.test_spdci import by_number, header, searching, spdci  # noqa: F401
from tests.population.conftest import registry  # noqa: F401

pytestmark = pytest.mark.asyncio
SEARCH = "/registry/sync/search"


class Program:
    """A partner's program behind our proxy."""

    def __init__(self, key, pem):  # type: ignore[no-untyped-def]
        self.key, self.signer = key, Signer(key)
        der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)
        self.thumbprint = hashlib.sha256(der).hexdigest()
        self.x5t = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        self.headers = {"client-cert": f":{base64.b64encode(der).decode()}:"}

    def sign(self, head, message, *, created=None, lives=300, sender=None, key=None, digest="SHA-256", algorithm=None):  # type: ignore[no-untyped-def]
        """As the standard's form says it, written here once more and not by what is tested."""
        created = int(time.time()) if created is None else created
        content = b"".join(json.dumps(part, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() for part in (head, message))
        hashed = hashlib.sha256(content) if digest == "SHA-256" else hashlib.blake2b(content)
        base = f"(created): {created}\n(expires): {created + lives}\ndigest: {digest}={base64.b64encode(hashed.digest()).decode()}"
        algorithm = algorithm or self.signer.alg
        return (
            f'Signature:  namespace="spdci", kidId="{sender or head["sender_id"]}|{key or self.thumbprint}|{algorithm}", algorithm="{algorithm}",'
            f' created="{created}", expires="{created + lives}", headers="(created) (expires) digest",'
            f' signature="{base64.b64encode(self.signer.sign(base.encode())).decode()}"'
        )


@pytest.fixture
async def program(registry):  # type: ignore[no-untyped-def]
    """A new live partner with an agreement for the service."""
    made = []

    async def make(name, *, ed=False):  # type: ignore[no-untyped-def]
        key = ed25519.Ed25519PrivateKey.generate() if ed else ec.generate_private_key(ec.SECP256R1())
        from datetime import UTC, date, datetime

        async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
            added = await partners.add(conn, OPERATOR, name, csr_of(key), kind="ministry", live=True, base="http://localhost")
            today = datetime.now(UTC).date()
            terms = DataTerms(added.org_code, "registry", frozenset({"personal_id", "name"}), {WHY.purpose: WHY.legal_basis}, (today, date(today.year + 1, 12, 31)))
            await data_agreements.grant(conn, OPERATOR, terms)
        made.append(added)
        one = Program(key, added.certificate_pem)
        one.client_id, one.org_code = added.client_id, added.org_code
        return one

    return make


async def send(client, program, *, signature=None, path=SEARCH, head=None, **how):  # type: ignore[no-untyped-def]
    head, message = head or header("search"), searching(by_number("001099000001"))
    body = {"signature": program.sign(head, message, **how) if signature is None else signature, "header": head, "message": message}
    return await client.post(path, json=body, headers=program.headers)


async def proxied(spdci, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    return await spdci(trusted_proxies=frozenset({"127.0.0.1"}))


@pytest.mark.parametrize(("ed", "digest"), [(False, "SHA-256"), (True, "BLAKE-512")])
async def test_signed_messages_are_answered_signed(spdci, program, tmp_path, monkeypatch, ed, digest):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    partner = await program(f"Cơ quan ký {digest}", ed=ed)
    answer = await send(await proxied(spdci, tmp_path, monkeypatch), partner, digest=digest)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    key = Verifier.from_spki(ours(tmp_path))
    envelope.check(envelope.read(body["signature"]), key, body["header"], body["message"], time.time())
    with pytest.raises(envelope.Unsigned):
        envelope.check(envelope.read(body["signature"]), key, {**body["header"], "status": "rjct"}, body["message"], time.time())


def ours(folder):  # type: ignore[no-untyped-def]
    from dancu.exchange.service.receipts import AnswerKeys

    pem = (folder / "keys" / "exchange" / "answer-1.pem").read_bytes()
    assert AnswerKeys(folder / "keys" / "exchange").current().kid
    return serialization.load_pem_private_key(pem, None).public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


async def test_what_is_not_signed_rightly_is_refused(spdci, program, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    partner, other = await program("Cơ quan ký đúng"), await program("Cơ quan khác")
    client = await proxied(spdci, tmp_path, monkeypatch)
    head = header("search")
    elsewhere = partner.sign(head, searching(by_number("001099000002")))
    now = int(time.time())
    tries = {
        "err.signature.missing": [{"signature": ""}],
        "err.signature.invalid": [
            {"signature": "unsigned-stub"}, {"signature": "Signature: x"}, {"signature": elsewhere, "head": head}, {"created": now - 400},
            {"created": now + 3600}, {"lives": 10**7}, {"sender": "someone.else"}, {"key": "0" * 64}, {"key": other.thumbprint},
            {"algorithm": "ed25519"}, {"signature": partner.sign(head, {}) + ', created="1"', "head": head}, {"signature": "Signature:" + "a" * 5000},
        ],
    }  # fmt: skip
    for code, cases in tries.items():
        for how in cases:
            for path in (SEARCH, "/registry/search"):
                answer = await send(client, partner, path=path, **how)
                assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, code), how


async def test_a_name_of_another_organisation_is_another_sender(spdci, program, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    one, two = await program("Cơ quan một"), await program("Cơ quan hai")
    client = await proxied(spdci, tmp_path, monkeypatch)
    head = header("search")
    for sender in (one, two):  # the same message id under the same name
        assert (await send(client, sender, head=head)).json()["header"]["status"] == "succ"
    assert (await send(client, one, head=head)).json()["header"]["status_reason_code"] == "rjct.message_id.duplicate"


async def test_in_a_demonstration_a_signature_may_be_left_out_but_not_wrong(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    for signature, status in (("", 200), ("unsigned-stub", 200), ("invalid-signature", 401)):
        body = {"signature": signature, "header": header("search"), "message": searching(by_number("001099000001"))}
        assert (await client.post(SEARCH, json=body)).status_code == status


async def test_encrypted_messages_are_refused_in_the_standards_words(spdci):  # type: ignore[no-untyped-def]
    client = await spdci()
    sealed = {"header": {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": "1"}, "ciphertext": "x", "encrypted_key": "x", "tag": "x", "iv": "x"}
    for path in (SEARCH, "/registry/search"):
        for more, message in (({"is_msg_encrypted": True}, sealed), ({}, sealed), ({"is_msg_encrypted": True}, searching(by_number("1")))):
            answer = await client.post(path, json={"signature": "", "header": header("search", **more), "message": message})
            assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "err.encryption.invalid")


async def test_a_program_added_a_moment_ago_is_known_and_one_that_an_alert_holds_is_not_answered(spdci, program, registry, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    client = await proxied(spdci, tmp_path, monkeypatch)
    assert (await send(client, await program("Cơ quan có trước"))).status_code == 200
    partner = await program("Cơ quan vừa thêm")
    assert (await send(client, partner)).status_code == 200
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await conn.execute(
            "INSERT INTO exchange.hold (client_no, until, rule) SELECT client_no, now() + interval '1 hour', 'program_burst' FROM exchange.certificate"
            " WHERE thumbprint = %s", (bytes.fromhex(partner.thumbprint),),
        )  # fmt: skip
        await conn.execute("UPDATE exchange.change SET seq = seq + 1")
    monkeypatch.setattr(directory, "FRESH_SECONDS", 0.0)  # a second later
    held = await send(client, partner)
    assert held.status_code == 403 and "exchange.held" in held.text


def token_of(folder, program, *, issuer="http://localhost", jkt=None, x5t="", scope=("exchange",), now=None):  # type: ignore[no-untyped-def]
    """As /oidc/token gives it to a program, by the provider's own keys."""
    jkt = public_key(jwk_of(program.key.public_key())).thumbprint if jkt is None else jkt
    client = SimpleNamespace(client_id=program.client_id)
    return tokens.access_token(Provider(folder / "keys", None), issuer, client, subject=client.client_id, scope=scope, jkt=jkt, x5t=x5t, now=now)


@pytest.mark.parametrize("ed", [False, True])
async def test_a_program_is_known_by_our_token_and_its_signature(spdci, program, tmp_path, monkeypatch, ed):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    partner = await program(f"Cơ quan có mã truy cập {ed}", ed=ed)
    client = await spdci()
    (tmp_path / "demo.url").write_text("http://localhost:8700\n")
    monkeypatch.delenv("DANCU_DEMO_URL", raising=False)
    head = header("search")
    for how in ({}, {"jkt": "", "x5t": partner.x5t}, {"issuer": "http://127.0.0.1:8700"}):
        partner.headers = {"authorization": f"Bearer {token_of(tmp_path, partner, **how)}"}
        answer = await send(client, partner)
        assert answer.status_code == 200 and answer.json()["header"]["status"] == "succ", answer.text
    # It is the program that asked, not a name: its message ids are its own, and a signature is not left out.
    assert (await send(client, partner, head=head)).json()["header"]["status"] == "succ"
    assert (await send(client, partner, head=head)).json()["header"]["status_reason_code"] == "rjct.message_id.duplicate"
    unsigned = await send(client, partner, signature="")
    assert (unsigned.status_code, unsigned.json()["errors"][0]["code"]) == (401, "err.signature.missing")


async def test_a_token_of_ours_that_does_not_hold_is_nobodys_word(spdci, program, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """In a demonstration too, where somebody else's token is as good as none."""
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    monkeypatch.delenv("DANCU_DEMO_URL", raising=False)
    partner, thief = await program("Cơ quan bị lấy mã"), await program("Kẻ lấy mã")
    client = await spdci()
    good = token_of(tmp_path, partner)
    forged = good[:-8] + ("A" * 8 if not good.endswith("A" * 8) else "B" * 8)
    tries = [
        ("exchange.token", partner, forged), ("exchange.token", partner, token_of(tmp_path, partner, now=int(time.time()) - 3600)),
        ("exchange.token", partner, token_of(tmp_path, partner, scope=("openid",))), ("exchange.token", partner, token_of(tmp_path, partner, jkt="")),
        ("the key is another program's", thief, good), ("the access token is bound to another key", partner, token_of(tmp_path, partner, jkt="a" * 43)),
    ]  # fmt: skip
    for word, sender, token in tries:
        sender.headers = {"authorization": f"Bearer {token}"}
        answer = await send(client, sender)
        assert (answer.status_code, answer.json()["errors"][0]["message"]) == (401, word)
    partner.headers = {"authorization": "Bearer " + token_of(tmp_path, partner, issuer="https://elsewhere.example")}
    assert (await send(client, partner, signature="")).status_code == 200
