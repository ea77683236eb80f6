"""Consents: only in the citizen's own session, for a time, withdrawable, with a receipt that anybody can check."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from dancu.kernel.actor import SYSTEM, Purpose
from dancu.kernel.errors import Invalid, NotAllowed, NotFound
from dancu.sharing import service
from dancu.sharing.models import Terms
from tests.kit.races import after_waiting
from tests.sharing.conftest import CITIZEN

SERVICE = Purpose("online_service", "69/2024/NĐ-CP")


def soon(**kwargs: int) -> datetime:
    return datetime.now(UTC) + timedelta(**(kwargs or {"days": 30}))


async def give(conn, actor, claims=("name",), until=None, client_no=7):
    return await service.give(conn, actor, client_no, claims, SERVICE, until or soon(), client_name="Điện lực")


async def test_given_found_withdrawn(app, citizen):
    assert await service.consent(app, CITIZEN, 7, "online_service") is None
    made = await give(app, citizen, ("name", "phone"))
    assert await service.consent(app, CITIZEN, 7, "online_service") == made
    assert await service.consent(app, CITIZEN, 8, "online_service") is None
    assert await service.consent(app, CITIZEN, 7, "public_service") is None
    assert await service.consent(app, CITIZEN + 1, 7, "online_service") is None
    await service.withdraw(app, citizen, made.consent_id)
    assert await service.consent(app, CITIZEN, 7, "online_service") is None
    with pytest.raises(NotFound):
        await service.withdraw(app, citizen, made.consent_id)
    kept = await service.consents_of(app, citizen)
    assert [(one.consent_id, one.ended_by) for one in kept] == [(made.consent_id, "withdrawn")]


async def test_agreeing_anew_replaces(app, citizen):
    first = await give(app, citizen, ("name", "phone"))
    second = await give(app, citizen, ("name",))
    assert (await service.consent(app, CITIZEN, 7, "online_service")) == second
    assert [(k.consent_id, k.ended_by) for k in await service.consents_of(app, citizen)] == [
        (second.consent_id, ""), (first.consent_id, "replaced"),
    ]  # fmt: skip


async def test_two_answers_at_once_are_one_after_the_other(app, citizen, registry, admin):
    """A button pressed twice, two windows: the later answer stands, and neither fails."""
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as other_window:
        await give(app, citizen, client_no=70)
        second = await after_waiting(admin, app, other_window, give(other_window, citizen, ("phone",), client_no=70))
        assert await service.consent(other_window, CITIZEN, 70, "online_service") == second
        await service.withdraw(other_window, citizen, second.consent_id)


async def test_the_same_answer_sent_again_is_one_consent(app, citizen, registry, admin):
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as again:
        first = await give(app, citizen, client_no=71)
        assert await after_waiting(admin, app, again, give(again, citizen, client_no=71)) == first
        assert [k.consent_id for k in await service.consents_of(again, citizen) if k.client_no == 71] == [first.consent_id], "one receipt"
        longer = await give(again, citizen, client_no=71, until=soon(days=31))
        assert longer != first and await give(again, citizen, ("name", "phone"), client_no=71, until=longer.until) != longer
        await again.rollback()
        await service.withdraw(again, citizen, first.consent_id)
        assert await give(again, citizen, client_no=71) != first, "what was taken back is agreed to anew"


async def test_a_group_that_ends_before_the_others(app, citizen, admin):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    sooner, later = soon(days=10), soon(days=300)
    made = await service.give(app, citizen, 7, ("name", "phone"), SERVICE, later, ends={"phone": sooner}, client_name="Điện lực")
    assert await service.ends_of(app, CITIZEN, 7, "online_service") == {"name": later, "phone": sooner}
    kept = (await service.consents_of(app, citizen))[0]
    assert kept.ends == {"phone": sooner} and kept.lasting(soon(days=1)) == {"name", "phone"} and kept.lasting(soon(days=11)) == {"name"}
    assert jwt.decode(made.receipt, KeySet.import_key_set(service.receipt_jwks())).claims["ends"] == {"phone": int(sooner.timestamp())}
    await app.commit()
    await admin.execute("UPDATE sharing.consent SET ends = jsonb_build_object('phone', now() - interval '1 second') WHERE consent_id = %s", (made.consent_id,))
    await admin.commit()
    found = await service.consent(app, CITIZEN, 7, "online_service")
    assert found is not None and found.claims == {"name"} and await service.ends_of(app, CITIZEN, 7, "online_service") == {"name": later}
    for wrong in ({"email": sooner}, {"phone": soon(days=-1)}, {"phone": soon(days=301)}):
        with pytest.raises(Invalid):
            await service.give(app, citizen, 7, ("name", "phone"), SERVICE, later, ends=wrong)


async def test_the_receipt_says_what_was_agreed_and_not_who(app, citizen):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    made = await give(app, citizen, ("phone", "name"))
    assert await service.receipt_of(app, citizen, made.consent_id) == made.receipt
    read = jwt.decode(made.receipt, KeySet.import_key_set(service.receipt_jwks()), algorithms=["ES256"])
    assert read.header["typ"] == "consent-receipt+jwt"
    assert read.claims["claims"] == ["name", "phone"]
    assert read.claims["purpose"] == "online_service"
    assert read.claims["exp"] == int(made.until.timestamp())
    assert str(CITIZEN) not in str(read.claims["sub"])
    again = await give(app, citizen, ("name",), client_no=9)
    assert jwt.decode(again.receipt, KeySet.import_key_set(service.receipt_jwks())).claims["sub"] == read.claims["sub"]


async def test_each_act_is_evidence_and_news(app, citizen, admin):
    made = await give(app, citizen)
    await service.withdraw(app, citizen, made.consent_id)
    await app.commit()
    rows = await (
        await admin.execute(
            "SELECT note->>'verb', fields, actor_kind, purpose FROM audit.pending WHERE subject = %s AND note->>'consent' = %s"
            " ORDER BY entry_id",
            (CITIZEN, made.consent_id),
        )
    ).fetchall()
    assert rows == [
        ("consent.give", ["name"], "citizen", "own_record"),
        ("consent.withdraw", None, "citizen", "own_record"),
    ]
    topics = await (
        await admin.execute("SELECT topic FROM kit.outbox WHERE person_key = %s ORDER BY id", (CITIZEN,))
    ).fetchall()
    assert topics[-2:] == [("sharing.consent.given",), ("sharing.consent.withdrawn",)]


async def test_nobody_agrees_withdraws_or_reads_for_another(app, citizen, other):
    made = await give(app, citizen)
    with pytest.raises(NotFound):
        await service.withdraw(app, other, made.consent_id)
    with pytest.raises(NotFound):
        await service.receipt_of(app, other, made.consent_id)
    stolen = replace(other, actor_id=CITIZEN)
    assert await service.consents_of(app, stolen) == []
    with pytest.raises(NotAllowed):
        await give(app, stolen)
    with pytest.raises(NotAllowed):
        await give(app, replace(SYSTEM, request_id="t"))
    assert await service.consent(app, CITIZEN, 7, "online_service") == made


async def test_never_more_than_the_agreement(app, citizen, system):
    terms = Terms(frozenset({"name", "phone"}), {"online_service": "69/2024/NĐ-CP"})
    await service.set_agreement(app, system, 7, terms, client_name="Điện lực tỉnh", org_code="evn")
    with pytest.raises(NotAllowed):
        await give(app, citizen, ("name", "address"))
    await give(app, citizen, ("name",))
    assert (await service.consents_of(app, citizen))[0].client_name == "Điện lực tỉnh"


@pytest.mark.parametrize("claims", [(), ("members",), ("name", "x")])
async def test_claims_that_do_not_exist(app, citizen, claims):
    with pytest.raises(Invalid):
        await give(app, citizen, claims)


@pytest.mark.parametrize("until", [timedelta(seconds=-1), timedelta(days=400)])
async def test_times_that_cannot_be(app, citizen, until):
    with pytest.raises(Invalid):
        await give(app, citizen, until=datetime.now(UTC) + until)


async def test_it_ends_by_itself(app, citizen, admin):
    made = await give(app, citizen)
    await app.commit()
    await admin.execute(
        "UPDATE sharing.consent SET given_at = now() - interval '2 days', until = now() - interval '1 day' WHERE consent_id = %s",
        (made.consent_id,),
    )
    await admin.commit()
    assert await service.consent(app, CITIZEN, 7, "online_service") is None
    assert await give(app, citizen)


async def test_ids_that_are_none(app, citizen):
    for text in ("", "x", "1" * 40, "00000000-0000-0000-0000-000000000000"):
        with pytest.raises(NotFound):
            await service.withdraw(app, citizen, text)


async def test_the_table_is_closed(app):
    for statement in (
        "SELECT 1 FROM sharing.consent",
        "UPDATE sharing.consent SET claims = '{name}'",
        "DELETE FROM sharing.consent",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with app.transaction():
                await app.execute(statement)
