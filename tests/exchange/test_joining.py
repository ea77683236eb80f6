"""The way of a partner: commands as scripts call them, what a request for a certificate must be, and that no way through the steps
breaks what always holds."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dancu.exchange import keys
from dancu.exchange.catalogue import checklist
from dancu.exchange.models.partner import JOINING, Application, Contact, Environment, PartnerState
from dancu.exchange.service import partners, systems
from dancu.exchange.store import partners as store
from dancu.kernel.actor import SYSTEM, Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotFound, Unavailable
from tests.exchange.calling import OPERATOR, csr_of
from tests.kit.races import after_waiting
from tests.population.conftest import registry

__all__ = ["registry"]
OPERATOR = replace(SYSTEM, request_id="t", permissions=frozenset({"access.admin"}))
ORG = "DEMO.CDS"


@pytest.fixture(autouse=True)
def _own_keys(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    if not _made:
        _made.append(tmp_path_factory.mktemp("joining"))
    monkeypatch.setenv("DANCU_DATA", str(_made[0]))


_made: list[Path] = []


def dancu(registry: Any, *args: str, code: int = 0) -> Any:
    """A command in a process of its own, as a script would run it."""
    env = {**os.environ, "DANCU_DATABASE_URL": registry.dsn("app"), "DANCU_DATA": str(_made[0]), "DANCU_PUBLIC_URL": "https://dancu.example"}
    done = subprocess.run([sys.executable, "-m", "dancu", *args, "--json"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, (done.stdout, done.stderr)
    said = [line.strip().partition(": ")[2] for line in done.stderr.splitlines()]
    assert len(said) == len(set(said)), "a sentence is said once"
    return json.loads(done.stdout)


def client_state(registry: Any, client_id: str) -> str:
    with psycopg.connect(registry.dsn("admin")) as conn:
        return str(conn.execute("SELECT state FROM oidc.client WHERE client_id = %s", (client_id,)).fetchone()[0])  # type: ignore[index]


def test_commands_connect_grant_suspend_and_revoke(registry: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.csr"
    file.write_bytes(csr_of(ec.generate_private_key(ec.SECP256R1())))
    made = dancu(registry, "partner", "add", "--name", "Bộ Y tế (thử)", "--csr", str(file))
    assert made["org_code"] == "BO-Y-TE-THU" and made["endpoints"]["token"] == "https://dancu.example/oidc/token"
    cert, root = (x509.load_pem_x509_certificate(made[name].encode()) for name in ("certificate", "ca"))
    cert.verify_directly_issued_by(root)
    assert cert.fingerprint(hashes.SHA256()).hex() == made["thumbprint"]
    usage = cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    names = cert.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH] and made["client_id"] in names[0].value
    assert client_state(registry, made["client_id"]) == "live", "a program is as live as its connection: there is no sign-in to approve"
    again = dancu(registry, "partner", "add", "--name", "Bộ Y tế (thử)", "--csr", str(file))
    assert again == {**made, "existed": True} and made["existed"] is False, "the same request is the same program"
    for other in (("--name", "Bộ Khác (thử)"), ("--name", "Bộ Y tế (thử)", "--system", "Khác"), ("--name", "Bộ Y tế (thử)", "--bound", "mtls")):
        told = dancu(registry, "partner", "add", *other, "--csr", str(file), code=1)
        assert told["error"] == "exchange.csr.key_used", other
    file.write_bytes(csr_of(ed25519.Ed25519PrivateKey.generate()))
    assert dancu(registry, "partner", "add", "--name", "bo y te (thu)", "--csr", str(file))["org_code"] == made["org_code"]
    terms = ("--service", "verify", "--fields", "name,birth", "--purpose", "health_insurance", "--legal-basis", "15/2023/QH15", "--until", "31/12/2027")
    granted = dancu(registry, "agreement", "grant", "--partner", made["client_id"], *terms, "--quota", "50", "--hours", "7-18")
    assert (granted["fields"], granted["quota_day"], granted["hours"], granted["consent_needed"]) == (["name", "birth"], 50, "7-18", False)
    asking = dancu(registry, "agreement", "grant", "--partner", made["client_id"], "--service", "lookup", *terms[2:], "--consent")
    assert asking["consent_needed"] is True
    line = ("--service", "verify", "--fields", "life", "--purpose", "public_service", "--legal-basis", "278/2025/NĐ-CP", *terms[8:])
    added = dancu(registry, "agreement", "grant", "--partner", made["client_id"], *line)
    assert added["purpose_fields"] == {"health_insurance": ["name", "birth"], "public_service": ["life"]} and (added["quota_day"], added["hours"]) == (50, "7-18")
    assert dancu(registry, "agreement", "grant", "--partner", made["client_id"], *line, "--only")["purpose_fields"] == {"public_service": ["life"]}
    wrong = dancu(registry, "agreement", "grant", "--partner", "BO-Y-TE-THU", *terms[:2], "--fields", "blood", *terms[4:], code=1)
    assert "birth_place" in wrong["fields"][0]["message"]
    assert dancu(registry, "agreement", "grant", "--partner", "nobody", *terms, code=1)["error"] == "exchange.partner.unknown"
    assert dancu(registry, "partner", "suspend", "Bộ Y tế (thử)", "--reason", "Thử")["state"] == "suspended"
    assert dancu(registry, "partner", "suspend", "Bộ Y tế (thử)")["state"] == "suspended", "said twice, it stays so"
    assert client_state(registry, made["client_id"]) == "suspended"
    assert dancu(registry, "partner", "resume", made["org_code"])["state"] == "live" and client_state(registry, made["client_id"]) == "live"
    gone = dancu(registry, "partner", "revoke", made["org_code"])
    assert gone["state"] == "revoked" and not gone["agreements"]
    assert {one["state"] for system in gone["systems"] for one in system["certificates"]} == {"revoked"}
    assert dancu(registry, "partner", "add", "--name", "Bộ Y tế (thử)", "--csr", str(file), code=1)["error"]
    assert dancu(registry, "agreement", "grant", "--partner", made["org_code"], *terms, code=1)["error"] == "exchange.partner.stopped"
    assert [one["state"] for one in dancu(registry, "agreement", "list", "--partner", made["org_code"], "--all")] == ["ended", "ended", "replaced", "replaced"]


def _request(key: Any, *, subject: bool = True, ca: bool = False, hash_: Any = None) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")] if subject else [])
    builder = x509.CertificateSigningRequestBuilder().subject_name(name)
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return builder.sign(key, hash_ or hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_what_a_certificate_request_must_be() -> None:
    good = ec.generate_private_key(ec.SECP256R1())
    assert keys.read_request(_request(good)).jwk["crv"] == "P-256"
    der = x509.load_pem_x509_csr(_request(good)).public_bytes(serialization.Encoding.DER)
    assert keys.read_request(der).subject == "CN=x"
    broken = bytearray(der)
    broken[-3] ^= 1
    cases = {
        "exchange.csr": b"-----BEGIN nonsense", "exchange.csr.signature": bytes(broken), "exchange.csr.subject": _request(good, subject=False),
        "exchange.csr.authority": _request(good, ca=True), "exchange.csr.key": _request(rsa.generate_private_key(65537, 2048)),
    }  # fmt: skip
    for code, raw in cases.items():
        with pytest.raises(Invalid) as caught:
            keys.read_request(raw)
        assert caught.value.code == code
    with pytest.raises(Invalid, match=r"exchange\.csr\.key"):
        keys.read_request(_request(ec.generate_private_key(ec.SECP384R1())))
    with pytest.raises(Invalid, match=r"exchange\.csr"):
        keys.read_request("é" * 40_000)


def test_an_outside_authority_signs_what_was_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside, other = keys.Authority(tmp_path / "outside"), keys.Authority(tmp_path / "other")
    bundle = tmp_path / "bundle.pem"
    bundle.write_text(outside.pem)
    monkeypatch.setenv("DANCU_EXCHANGE_CA_BUNDLE", str(bundle))
    now = SYSTEM_CLOCK.now()
    asked = keys.read_request(_request(ec.generate_private_key(ec.SECP256R1())))
    else_ = keys.read_request(_request(ec.generate_private_key(ec.SECP256R1())))

    def issue(by: keys.Authority, request: keys.Requested, at: Any = now) -> str:
        return by.issue(request, client_no=7, client_id="ab", system="s", organisation="o", now=at).pem

    assert keys.read_outside(issue(outside, asked), asked, 7, now).client_no == 7 and keys.roots_pem() == outside.pem
    for pem, code in (
        ("nonsense", "exchange.certificate"), (issue(outside, else_), "exchange.certificate.key"), (issue(other, asked), "exchange.certificate.issuer"),
        (issue(outside, asked, now - timedelta(days=400)), "exchange.certificate.time"), (outside.pem, "exchange.certificate.key"),
    ):
        with pytest.raises(Invalid) as caught:
            keys.read_outside(pem, asked, 7, now)
        assert caught.value.code == code
    for content in (b"", b"not a certificate", asked.pem.encode()):
        bundle.write_bytes(content)
        for work in (keys.roots_pem, lambda: keys.read_outside(issue(outside, asked), asked, 7, now)):
            with pytest.raises(Unavailable) as unread:
                work()
            assert unread.value.code == "exchange.ca.bundle", "the operator's to mend, not the partner's"


def staff(number: int, *permissions: str, org: str = "DEMO") -> Actor:
    return Actor(ActorKind.STAFF, number, org, request_id="t", permissions=frozenset(permissions))


MAKER, REVIEWER = staff(21, "exchange.join", "exchange.review", org=ORG), staff(22, "exchange.review")
COORDINATOR = staff(23, "exchange.coordinate")
FULL = Application(
    2, tuple(Contact(role, "A", "02363123456", "") for role in ("business", "technical", "security")),
    {code: {"met": True, "note": ""} for code in checklist.items(2)},
)  # fmt: skip
_STEPS = (
    "apply", "check", "ask", "answer", "pass", "request_live", "approve", "approve_maker", "refuse", "refuse_coordinator", "suspend", "resume",
    "revoke", "late", "escalate", "system", "renew", "lost",
)  # fmt: skip
_WAY = ["apply", "system", "check", "ask", "answer", "pass", "request_live", "approve", "suspend", "resume", "renew", "revoke"]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ahead=st.integers(1, len(_WAY)), steps=st.lists(st.sampled_from(_STEPS), min_size=2, max_size=8))
def test_no_way_through_the_steps_breaks_what_holds(registry: Any, ahead: int, steps: list[str]) -> None:
    """Live only after a check and another person's yes; stopped means no client that works; revoked and its certificates stay so;
    every change of state moves the number doors look at."""
    asyncio.run(_walk(registry, [*_WAY[:ahead], *steps]))


def test_the_main_way_leads_to_live(registry: Any) -> None:
    assert asyncio.run(_walk(registry, _WAY)) == len(_WAY), "every step of it can be taken"


def test_a_partner_that_resumes_does_not_get_back_what_it_lost(registry: Any) -> None:
    """A program whose certificates were all revoked while the partner was suspended stays shut."""
    assert asyncio.run(_walk(registry, ["apply", "system", "suspend", "lost", "resume"])) == 5


async def _walk(registry: Any, steps: list[str]) -> int:
    taken = 0
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        before = None
        for step in steps:
            moved = await partners.changed(conn)
            acts: dict[str, Callable[[], Any]] = {
                "apply": lambda: partners.apply(conn, MAKER, ORG, FULL),
                "check": lambda: partners.check(conn, REVIEWER, ORG),
                "ask": lambda: partners.ask(conn, REVIEWER, ORG, "Khi nào?"),
                "answer": lambda: partners.answer(conn, MAKER, ORG, "Mai"),
                "pass": lambda: partners.pass_check(conn, REVIEWER, ORG),
                "request_live": lambda: partners.request_live(conn, MAKER, ORG),
                "approve": lambda: partners.approve(conn, REVIEWER, ORG),
                "approve_maker": lambda: partners.approve(conn, MAKER, ORG),
                "refuse": lambda: partners.refuse(conn, REVIEWER, ORG, "Vì", "85/2016/NĐ-CP"),
                "refuse_coordinator": lambda: partners.refuse(conn, COORDINATOR, ORG, "Vì", "85/2016/NĐ-CP"),
                "suspend": lambda: partners.suspend(conn, REVIEWER, ORG, "Vì"),
                "resume": lambda: partners.resume(conn, REVIEWER, ORG),
                "revoke": lambda: partners.revoke(conn, REVIEWER, ORG, "Vì"),
                "late": lambda: conn.execute(
                    "UPDATE exchange.partner SET due = %s WHERE due IS NOT NULL AND org_code = %s", (SYSTEM_CLOCK.today() - timedelta(days=2), ORG)
                ),
                "escalate": lambda: partners.escalate(conn),
                "system": lambda: systems.add_system(conn, MAKER, ORG, "Trung tâm", "S", csr_of(ec.generate_private_key(ec.SECP256R1()))),
                "renew": lambda: _renew(conn),
                "lost": lambda: _lose(conn),
            }
            try:
                async with conn.transaction():
                    await acts[step]()
            except DancuError:
                continue
            taken += 1
            now = await partners.partner(conn, ORG)
            verbs = [one.verb for one in reversed(await partners.steps(conn, ORG))]
            if before is not None and now.state is not before.state:
                assert await partners.changed(conn) > moved
                assert before.state is not PartnerState.REVOKED
            if now.state is PartnerState.LIVE:
                assert "check" in verbs and "pass" in verbs and "approve" in verbs
            assert step != "approve_maker", "who applied never approves"
            if now.state is PartnerState.REFUSED:
                assert now.reason and now.refused_basis
            if now.escalated_at is not None and now.state in JOINING:
                assert now.due is None or now.due < SYSTEM_CLOCK.today() or now.question or step in ("answer", "request_live")
            for system in await store.systems(conn, ORG):
                client = await systems.client_of(conn, system)
                standing = [one for one in await store.certificates(conn, [system.client_no]) if one.holds(SYSTEM_CLOCK.now())]
                works = client.state.value != "suspended"
                assert works == (bool(standing) and now.state not in (PartnerState.SUSPENDED, PartnerState.REVOKED, PartnerState.REFUSED))
                assert system.environment is Environment.SANDBOX or "approve" in verbs
                if works:
                    assert {json.dumps(keys.jwk_of_spki(one.spki), sort_keys=True) for one in standing} == {
                        json.dumps(jwk, sort_keys=True) for jwk in client.jwks["keys"]
                    }
            before = now
        await conn.rollback()
    return taken


async def _renew(conn: Any) -> None:
    for system in await store.systems(conn, ORG):
        await systems.issue_certificate(conn, MAKER, system.client_no, csr_of(ec.generate_private_key(ec.SECP256R1())))


async def _lose(conn: Any) -> None:
    for system in await store.systems(conn, ORG):
        for one in await store.certificates(conn, [system.client_no]):
            if one.revoked_at is None:
                await systems.revoke_certificate(conn, MAKER, one.serial, "Mất khóa")


async def test_a_request_that_waits_for_an_outside_authority_is_one_programs_and_the_same_again(registry: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "roots.pem").write_text(keys.Authority(tmp_path / "outside").pem)
    monkeypatch.setenv("DANCU_EXCHANGE_CA_BUNDLE", str(tmp_path / "roots.pem"))
    csr = csr_of(ec.generate_private_key(ec.SECP256R1()))
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        first = await partners.add(conn, OPERATOR, "Bộ Chờ Ký", csr)
        again = await partners.add(conn, OPERATOR, "Bộ Chờ Ký", csr)
        assert again == replace(first, existed=True) and first.certificate_pem == ""
        with pytest.raises(Conflict, match="key_used"):
            await partners.add(conn, OPERATOR, "Bộ Khác Chờ Ký", csr)
        await conn.rollback()


async def test_a_certificate_asked_for_twice_at_once_is_one(registry: Any) -> None:
    csr = csr_of(ec.generate_private_key(ec.SECP256R1()))

    async def renewed(conn: Any, request: bytes = csr) -> str:
        made = await systems.issue_certificate(conn, OPERATOR, program.client_no, request)
        assert made is not None
        return made.serial

    dsn = registry.dsn("app")
    async with (
        await psycopg.AsyncConnection.connect(dsn) as conn, await psycopg.AsyncConnection.connect(dsn) as other,
        await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin,
    ):  # fmt: skip
        program = await partners.add(conn, OPERATOR, "Bộ Gửi Hai Lần", csr_of(ec.generate_private_key(ec.SECP256R1())))
        await conn.commit()
        first = await renewed(conn)
        assert await after_waiting(admin, conn, other, renewed(other)) == first
        await other.commit()
        assert await renewed(conn, csr_of(ec.generate_private_key(ec.SECP256R1()))) != first
        await conn.commit()
        await admin.execute("UPDATE exchange.certificate SET not_before = not_before - interval '200 days', not_after = not_after - interval '200 days' WHERE serial = %s", (first,))
        assert await renewed(conn) != first, "most of its time is over"
        await conn.rollback()


async def test_a_certificate_of_another_organisation_is_not_there(registry: Any) -> None:
    stranger = staff(29, "exchange.join", org="ELSEWHERE")
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        made = await partners.add(conn, OPERATOR, "Bộ Có Chứng Thư", csr_of(ec.generate_private_key(ec.SECP256R1())))
        (one,) = await store.certificates(conn, [made.client_no])
        told = []
        for serial in (one.serial, "0ff1ce"):
            with pytest.raises(NotFound) as refused:
                await systems.revoke_certificate(conn, stranger, serial, "Mất khóa")
            told.append((refused.value.code, refused.value.text()))
        assert told[0] == told[1]
        await conn.rollback()
