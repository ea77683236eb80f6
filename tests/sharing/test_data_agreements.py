"""Agreements of data services: what may be agreed, who says yes, what silence leads to, and that no way through the steps breaks
what always holds."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import KeySet

from dancu.access import service as access
from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, DancuError, Invalid, NotAllowed
from dancu.sharing import rules
from dancu.sharing.models import FIELDS, SERVICES, AgreementState, DataTerms, asked_by_law
from dancu.sharing.service import data_agreements as service
from dancu.sharing.service import partner_seal, receipt_jwks
from dancu.sharing.service.receipts import canonical_terms

ORG = "BHXH"


def staff(number: int, org: str, *permissions: str) -> Actor:
    return Actor(ActorKind.STAFF, number, org, request_id="t", permissions=frozenset(permissions))


MAKER, REVIEWER = staff(11, ORG, "exchange.join"), staff(12, "DEMO", "exchange.review")
COORDINATOR, WATCHER = staff(13, "DEMO", "exchange.coordinate"), staff(14, "DEMO", "exchange.watch")
BOTH = staff(11, ORG, "exchange.join", "exchange.review")
KEY = ec.generate_private_key(ec.SECP256R1())


def spki(key: Any) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)  # type: ignore[no-any-return]


def terms(**changes: Any) -> DataTerms:
    today = SYSTEM_CLOCK.today()
    made = DataTerms(ORG, "verify", frozenset({"name", "birth"}), {"social_insurance": "41/2024/QH15"}, (today, today + timedelta(days=365)))
    return replace(made, **changes)


async def signed(conn: Any, waits: Any) -> None:
    value = base64.b64encode(KEY.sign(canonical_terms(waits), ec.ECDSA(hashes.SHA256()))).decode()
    await service.sign(conn, MAKER, waits.org_code, waits.service, waits.version, value, {"ab" * 32: spki(KEY)})


async def late(registry: Any, conn: Any, org: str, name: str) -> None:
    """Its day has passed. Written by the owner of the tables: `due` is nothing anybody moves."""
    await conn.execute("UPDATE sharing.data_agreement SET due = %s WHERE org_code = %s AND service = %s AND state = 'proposed'",
                       (SYSTEM_CLOCK.today() - timedelta(days=1), org, name))  # fmt: skip


async def test_asked_signed_agreed_replaced_and_ended(app: psycopg.AsyncConnection[Any], registry: Any) -> None:
    one = await service.propose(app, MAKER, terms())
    assert one.state is AgreementState.PROPOSED and one.due == rules.answer_by(SYSTEM_CLOCK.today())
    assert await service.in_force(app, ORG, "verify") is None
    with pytest.raises(Conflict, match=r"sharing\.agreement.waiting"):
        await service.propose(app, MAKER, terms())
    with pytest.raises(Conflict, match="unsigned"):
        await service.agree(app, REVIEWER, ORG, "verify", 1)
    await signed(app, one)
    agreed = await service.agree(app, REVIEWER, ORG, "verify", 1)
    sealed = jwt.decode(agreed.sealed, KeySet.import_key_set(receipt_jwks()), algorithms=["ES256"]).claims
    assert sealed["terms"] == json.loads(canonical_terms(agreed)) and json.loads(sealed["partner_seal"])["form"] == "signature"
    assert sealed["proposed"]["by"] == 11 and sealed["agreed"]["by"] == 12
    second = await service.propose(app, MAKER, terms(fields=frozenset({"name"})))
    await signed(app, second)
    await service.agree(app, REVIEWER, ORG, "verify", 2)
    states = {one.version: one.state for one in await service.of(app, ORG)}
    assert states == {1: AgreementState.REPLACED, 2: AgreementState.IN_FORCE}
    with pytest.raises(Invalid, match=r"sharing\.reason"):
        await service.end(app, MAKER, ORG, "verify", " ")
    await service.end(app, MAKER, ORG, "verify", "Không còn cần")
    assert await service.in_force(app, ORG, "verify") is None


async def test_two_people_and_only_those_who_may(app: psycopg.AsyncConnection[Any], registry: Any) -> None:
    one = await service.propose(app, BOTH, terms())
    await signed(app, one)
    with pytest.raises(NotAllowed, match=r"sharing\.agreement.own"):
        await service.agree(app, BOTH, ORG, "verify", 1)
    for nobody in (MAKER, WATCHER):
        with pytest.raises(NotAllowed):
            await service.agree(app, nobody, ORG, "verify", 1)
    with pytest.raises(NotAllowed, match="other_organisation"):
        await service.propose(app, MAKER, terms(org_code="EVN"))
    with pytest.raises(NotAllowed, match="two_people"):
        await service.grant(app, BOTH, terms())


async def test_a_refusal_cites_a_law_in_force(app: psycopg.AsyncConnection[Any], registry: Any) -> None:
    await service.propose(app, MAKER, terms())
    for reason, basis in (("", "91/2025/QH15"), ("Không muốn", ""), ("Không muốn", "Luật của tôi"), ("Hết hạn", "59/2014/QH13 Điều 1")):
        with pytest.raises(Invalid, match=r"sharing\.refusal"):
            await service.refuse(app, REVIEWER, ORG, "verify", 1, reason, basis)
    await service.refuse(app, REVIEWER, ORG, "verify", 1, "Vượt quá mục đích", "91/2025/QH15 Điều 9")
    one = await service.version(app, ORG, "verify", 1)
    assert (one.state, one.refused_basis) == (AgreementState.REFUSED, "91/2025/QH15 Điều 9")


async def test_silence_escalates_and_the_coordinator_decides(app: psycopg.AsyncConnection[Any], admin: Any, registry: Any) -> None:
    one = await service.propose(app, MAKER, terms())
    await signed(app, one)
    assert await service.escalate(app) == 0
    with pytest.raises(NotAllowed, match="not_yet"):
        await service.agree(app, COORDINATOR, ORG, "verify", 1)
    await late(registry, app, ORG, "verify")
    assert (await service.version(app, ORG, "verify", 1)).overdue(SYSTEM_CLOCK.today()) == 1
    assert await service.escalate(app) == 1 and await service.escalate(app) == 0
    with pytest.raises(NotAllowed, match="escalated"):
        await service.refuse(app, REVIEWER, ORG, "verify", 1, "Muộn", "91/2025/QH15")
    assert (await service.agree(app, COORDINATOR, ORG, "verify", 1)).state is AgreementState.IN_FORCE


async def test_a_refusal_may_be_brought_before_the_coordinator_once(app: psycopg.AsyncConnection[Any], registry: Any) -> None:
    one = await service.propose(app, MAKER, terms())
    await service.refuse(app, REVIEWER, ORG, "verify", one.version, "Vượt quá mục đích", "91/2025/QH15")
    again = await service.contest(app, MAKER, ORG, "verify", 1)
    assert again.escalated_at is not None and again.terms == one.terms
    await service.refuse(app, COORDINATOR, ORG, "verify", 2, "Đúng là vượt quá", "91/2025/QH15")
    with pytest.raises(Conflict, match="final"):
        await service.contest(app, MAKER, ORG, "verify", 2)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"service": "everything"}, "service"), ({"fields": frozenset()}, "fields"), ({"fields": frozenset({"blood"})}, "fields"),
        ({"purposes": {}}, "purposes"), ({"purposes": {"residence_management": "68/2020/QH14"}}, "purposes"),
        ({"purposes": {"social_insurance": "36/2024/QH15"}}, "legal_basis"), ({"quota_day": 0}, "quota_day"), ({"hours": (9, 9)}, "hours"),
        ({"hours": (0, 25)}, "hours"), ({"valid": (date(2020, 1, 1), date(2021, 1, 1))}, "valid"),
        ({"valid": (date(2026, 1, 1), date(2046, 1, 1))}, "valid"), ({"service": "supply"}, "purposes"), ({"service": "reconcile", "consent_needed": True}, "consent"),
        ({"fields": frozenset({"name", "religion"})}, "consent"),
    ],
)  # fmt: skip
async def test_what_cannot_be_agreed_is_named_with_what_can(app: Any, registry: Any, changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid, match=r"sharing\.data_terms") as caught:
        await service.propose(app, MAKER, terms(**changes))
    wrong = {one.field: one.text() for one in caught.value.fields}
    assert field in wrong
    if field in ("service", "fields", "legal_basis"):
        valid = {"service": SERVICES, "fields": FIELDS, "legal_basis": {"41/2024/QH15": 1}}[field]
        assert all(code in wrong[field] for code in valid)


async def test_what_an_agreement_permits(app: psycopg.AsyncConnection[Any], registry: Any, system: Actor) -> None:
    made = await service.grant(app, system, terms(hours=(7, 18)))
    day = SYSTEM_CLOCK.today()
    noon = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)  # 12:00 in Vietnam
    basis = "41/2024/QH15"
    assert made.permits("verify", {"name"}, "social_insurance", basis, noon) is None
    assert made.permits("verify", {"name"}, "social_insurance", basis + " Điều 5", noon) is None
    assert made.permits("lookup", {"name"}, "social_insurance", basis, noon) == "agreement.none"
    assert made.permits("verify", {"name"}, "tax", basis, noon) == "agreement.purpose"
    assert made.permits("verify", {"name"}, "social_insurance", basis + "x", noon) == "agreement.legal_basis"
    assert made.permits("verify", {"religion"}, "social_insurance", basis, noon) == "agreement.field"
    assert made.permits("verify", {"name"}, "social_insurance", basis, noon + timedelta(hours=6)) == "agreement.hours"
    assert made.permits("verify", {"name"}, "social_insurance", basis, noon + timedelta(days=365)) == "agreement.expired"
    assert made.permits("verify", {"name"}, "social_insurance", basis, noon - timedelta(days=1)) == "agreement.none"


TWO = {"social_insurance": "41/2024/QH15", "data_sharing": "278/2025/NĐ-CP"}


async def test_each_purpose_reaches_its_own_fields(app: psycopg.AsyncConnection[Any], registry: Any, system: Actor) -> None:
    first = await service.grant(app, system, terms(quota_day=7))
    assert first.fields_for("social_insurance") == {"name", "birth"} and "purpose_fields" not in json.loads(canonical_terms(first))
    line = terms(fields=frozenset({"life"}), purposes={"data_sharing": TWO["data_sharing"]}, quota_day=9)
    made = await service.grant(app, system, line.beside(first.terms))
    noon = datetime.now(UTC)
    assert made.fields == {"name", "birth", "life"} and made.purposes == TWO and made.quota_day == 9
    assert made.permits("verify", {"life"}, "data_sharing", TWO["data_sharing"], noon) is None
    assert made.permits("verify", {"life"}, "social_insurance", TWO["social_insurance"], noon) == "agreement.field"
    assert made.permits("verify", {"name"}, "data_sharing", TWO["data_sharing"], noon) == "agreement.field"
    assert json.loads(canonical_terms(made))["purpose_fields"] == {"data_sharing": ["life"], "social_insurance": ["name", "birth"]}
    assert [sorted(purposes) for _, purposes in made.lines()] == [["social_insurance"], ["data_sharing"]]
    # The same purpose again changes its own line; a change of the whole never widens a line.
    for lines in ({"social_insurance": {"sex"}}, {"tax": {"name"}}, {"social_insurance": set()}):
        with pytest.raises(Invalid) as caught:
            await service.propose(app, MAKER, terms(purpose_fields={code: frozenset(line) for code, line in lines.items()}))
        assert [one.code for one in caught.value.fields] == ["sharing.data_terms.purpose_fields"]
    again = terms(fields=frozenset({"name"})).beside(made.terms)
    assert again.fields_for("social_insurance") == {"name"} and again.fields_for("data_sharing") == {"life"}
    whole = terms(fields=frozenset({"name", "life"}), purposes=TWO).as_narrow_as(made.terms)
    assert whole.fields_for("social_insurance") == {"name"} and whole.fields_for("data_sharing") == {"life"}


def test_where_the_law_asks_for_consent() -> None:
    now, before, earlier = date(2026, 11, 1), date(2025, 3, 1), date(2023, 6, 30)
    asked = ("identity_check", "26/2023/QH15", {"name", "religion"})
    for kind, (purpose, basis, fields), day, needed in [
        ("enterprise", ("banking", "32/2024/QH15", {"name"}), now, {"name"}), ("enterprise", ("banking", "32/2024/QH15", {"name"}), before, {"name"}),
        ("enterprise", ("banking", "32/2024/QH15", {"name"}), earlier, set()), ("ministry", asked, now, {"religion"}), ("ministry", asked, earlier, set()),
        ("enterprise", ("utility_contract", "61/2024/QH15 Điều 44", {"name", "ethnicity"}), now, {"ethnicity"}),
        ("enterprise", ("utility_contract", "278/2025/NĐ-CP", {"name"}), now, {"name"}),
        ("ministry", ("civil_status", "60/2014/QH13", {"ethnicity"}), now, set()), ("", ("tax", "38/2019/QH14", {"name"}), now, set()),
    ]:  # fmt: skip
        found, rule = asked_by_law(kind, purpose, basis, fields, day)
        assert found == needed and (rule is not None) == bool(needed), (kind, purpose, day)
        assert rule is None or rule.basis.startswith("91/2025/QH15" if day == now else "13/2023/NĐ-CP")


async def test_no_yes_without_the_consent_the_law_asks_for(app: psycopg.AsyncConnection[Any], registry: Any, system: Actor) -> None:
    await access.add_organisation(app, replace(system, permissions=frozenset({"access.admin"})), "BANK", "Ngân hàng Thử", "enterprise")
    bank = replace(terms(), org_code="BANK", purposes={"banking": "32/2024/QH15"})
    for service_code, sentence in (("verify", "Hãy chọn hỏi người dân"), ("events", "verify, lookup")):
        with pytest.raises(Invalid) as caught:
            await service.grant(app, system, replace(bank, service=service_code))
        (wrong,) = caught.value.fields
        assert (wrong.field, wrong.code) == ("consent", "sharing.data_terms.consent_by_law") and sentence in wrong.text() and "91/2025/QH15" in wrong.text()
    made = await service.grant(app, system, replace(bank, consent_needed=True))
    assert made.org_kind == "enterprise" and made.needing_consent("banking", {"name"}, SYSTEM_CLOCK.today()) == {"name"}
    older = replace(made, service="events", consent_needed=False)  # agreed before the law asked
    assert older.permits("events", (), "banking", "32/2024/QH15", datetime.now(UTC)) == "agreement.consent"


def test_the_partners_signature_in_every_form_and_no_other() -> None:
    text, ed = b'{"a":1}', ed25519.Ed25519PrivateKey.generate()
    keys = {"01": spki(KEY), "02": spki(ed)}

    def b64u(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    from joserfc import jws
    from joserfc.jwk import ECKey

    compact = jws.serialize_compact({"alg": "ES256"}, text, ECKey.import_key(KEY.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()))  # fmt: skip
    head, payload, signature = compact.split(".")
    plain = base64.b64encode(ed.sign(text)).decode()
    for offered, thumbprint in ((compact, "01"), (f"{head}..{signature}", "01"), (plain, "02")):
        assert json.loads(partner_seal.check(text, offered, keys))["certificate"] == thumbprint
    none = f"{b64u(json.dumps({'alg': 'none'}).encode())}.{payload}."
    for offered in ("", "a.b.c", none, plain[:-8] + "AAAAAAA=", f"{head}.{b64u(b'{}')}.{signature}", "x" * 30_000, "é" * 12):
        with pytest.raises(Invalid, match=r"sharing\.partner_seal"):
            partner_seal.check(text, offered, keys)
    with pytest.raises(Invalid, match=r"sharing\.partner_seal"):
        partner_seal.check(b'{"a":2}', compact, keys)


def test_working_days_of_the_rule_that_holds() -> None:
    assert rules.answer_rule(date(2023, 5, 4)).days == 10 and rules.answer_rule(date(2026, 1, 1)).days == 5
    assert rules.answer_by(date(2026, 8, 31)) == date(2026, 9, 9), "two national holidays and a weekend do not count"
    with pytest.raises(DancuError, match=r"sharing\.no_rule"):
        rules.answer_rule(date(2020, 1, 1))


_STEPS = ("propose", "sign", "agree", "agree_coordinator", "refuse", "refuse_coordinator", "contest", "withdraw", "end", "late", "escalate")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(_STEPS), min_size=4, max_size=14))
def test_no_way_through_the_steps_breaks_what_holds(registry: Any, steps: list[str]) -> None:
    """At most one in force and one waiting; in force is signed by both, by two people; refused names a law; nothing comes back."""
    asyncio.run(_walk(registry, steps))


async def _walk(registry: Any, steps: list[str]) -> None:
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await conn.execute("SET ROLE dancu_owner")
        gone: set[tuple[int, AgreementState]] = set()
        for step in steps:
            newest = next(iter(await service.of(conn, ORG)), None)
            number = newest.version if newest else 1
            acts: dict[str, Callable[[], Any]] = {
                "propose": lambda: service.propose(conn, MAKER, terms()),
                "sign": lambda newest=newest: signed(conn, newest),
                "agree": lambda number=number: service.agree(conn, REVIEWER, ORG, "verify", number),
                "agree_coordinator": lambda number=number: service.agree(conn, COORDINATOR, ORG, "verify", number),
                "refuse": lambda number=number: service.refuse(conn, REVIEWER, ORG, "verify", number, "Vì", "91/2025/QH15"),
                "refuse_coordinator": lambda number=number: service.refuse(conn, COORDINATOR, ORG, "verify", number, "Vì", "91/2025/QH15"),
                "contest": lambda number=number: service.contest(conn, MAKER, ORG, "verify", number),
                "withdraw": lambda number=number: service.withdraw(conn, MAKER, ORG, "verify", number),
                "end": lambda: service.end(conn, REVIEWER, ORG, "verify", "Xong"),
                "late": lambda: late(registry, conn, ORG, "verify"),
                "escalate": lambda: service.escalate(conn),
            }
            if step == "sign" and newest is None:
                continue
            try:
                async with conn.transaction():
                    await acts[step]()
            except DancuError:
                continue
            found = await service.of(conn, ORG)
            states = [one.state for one in found]
            assert states.count(AgreementState.IN_FORCE) <= 1 and states.count(AgreementState.PROPOSED) <= 1
            for one in found:
                if one.state in (AgreementState.IN_FORCE, AgreementState.REPLACED, AgreementState.ENDED):
                    assert one.agreed and one.agreed.by != one.proposed.by and one.sealed and one.partner_seal
                if one.state is AgreementState.REFUSED:
                    assert one.reason and one.refused_basis
                assert not any(v == one.version and s is not one.state for v, s in gone), "what was closed stays closed"
            gone |= {(one.version, one.state) for one in found if one.state in (AgreementState.REFUSED, AgreementState.REPLACED, AgreementState.ENDED)}
        await conn.rollback()
