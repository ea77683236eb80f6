"""Agreements: two people, versions kept, terms checked, sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest

from dancu.kernel.actor import Actor, ActorKind
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.sharing import service
from dancu.sharing.models import AgreementState, Terms

TERMS = Terms(frozenset({"name", "personal_id"}), {"online_service": "69/2024/NĐ-CP"})


def staff(number: int, org: str, *permissions: str) -> Actor:
    return Actor(ActorKind.STAFF, number, org, request_id="t", permissions=frozenset(permissions))


MAKER = staff(11, "evn", "client.register", "client.approve")
JUDGE = staff(12, "bca", "client.approve")


async def propose(conn, terms=TERMS, actor=MAKER, client_no=7):
    return await service.propose(conn, actor, client_no, terms, client_name="Điện lực", org_code="evn", org_name="EVN")


async def test_it_holds_once_another_person_agreed(app):
    await propose(app)
    assert await service.agreement(app, 7) is None
    with pytest.raises(NotAllowed):
        await service.agree(app, MAKER, 7, 1)
    made = await service.agree(app, JUDGE, 7, 1)
    assert made == await service.agreement(app, 7)
    assert made.proposed.by == 11
    assert made.agreed is not None
    assert made.agreed.by == 12
    assert made.proposed.entry_id != made.agreed.entry_id
    assert (made.claims, made.purposes, made.consent_needed, made.level_min) == (TERMS.claims, TERMS.purposes, True, 1)


async def test_the_seal_holds_terms_and_both_acts_and_verifies_with_the_published_key(app):
    from joserfc import jwt
    from joserfc.jwk import KeySet

    await propose(app)
    made = await service.agree(app, JUDGE, 7, 1)
    read = jwt.decode(made.sealed, KeySet.import_key_set(service.receipt_jwks()), algorithms=["ES256"])
    assert read.claims["claims"] == ["name", "personal_id"]
    assert read.claims["proposed"]["entry"] == made.proposed.entry_id
    assert read.claims["agreed"]["by"] == 12
    assert not any("d" in key for key in service.receipt_jwks()["keys"])


async def test_a_change_is_a_version_and_the_one_before_stays_to_be_read(app):
    await propose(app)
    await service.agree(app, JUDGE, 7, 1)
    await propose(app, replace(TERMS, claims=frozenset({"name"}), consent_needed=False, level_min=2))
    assert (await service.agreement(app, 7)).claims == TERMS.claims
    with pytest.raises(Conflict):
        await propose(app)
    for answer in (service.agree(app, JUDGE, 7, 1), service.refuse(app, JUDGE, 7, 1, "quá rộng")):
        with pytest.raises(Conflict, match="other_version"):
            await answer  # who read the version before has not read this one
    await service.agree(app, JUDGE, 7, 2)
    assert [(v.version, v.state) for v in await service.versions(app, 7)] == [
        (2, AgreementState.IN_FORCE),
        (1, AgreementState.REPLACED),
    ]
    assert [one.client_no for one in await service.agreements_without_consent(app)] == [7]
    await service.end(app, JUDGE, 7, "hết nhu cầu")
    assert await service.agreement(app, 7) is None
    with pytest.raises(NotFound):
        await service.end(app, JUDGE, 7, "")


async def test_a_refusal_leaves_what_was_in_force(app):
    await propose(app)
    assert [one.client_no for one in await service.proposed(app, JUDGE)] == [7]
    await service.refuse(app, JUDGE, 7, 1, "quá rộng")
    assert await service.proposed(app, JUDGE) == []
    assert [(v.state, v.reason) for v in await service.versions(app, 7)] == [(AgreementState.REFUSED, "quá rộng")]


async def test_it_holds_from_its_first_day_to_its_last(app, system):
    today = SYSTEM_CLOCK.today()
    for since, to, holds in (
        (today + timedelta(days=1), None, False),
        (today - timedelta(days=9), today, False),
        (today, today + timedelta(days=1), True),
    ):
        await service.set_agreement(
            app, system, 8, replace(TERMS, valid_from=since, valid_to=to), client_name="A", org_code="a"
        )
        assert (await service.agreement(app, 8) is not None) is holds


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (replace(TERMS, claims=frozenset()), "claims"),
        (replace(TERMS, claims=frozenset({"religion"})), "claims"),
        (replace(TERMS, purposes={}), "purposes"),
        (replace(TERMS, purposes={"residence_management": "68/2020/QH14"}), "purposes"),
        (replace(TERMS, purposes={"online_service": "68/2020/QH14"}), "purposes"),
        (replace(TERMS, level_min=3), "level_min"),
        (replace(TERMS, valid_from=date(2026, 2, 1), valid_to=date(2026, 2, 1)), "valid_to"),
    ],
)
async def test_terms_that_cannot_be(app, terms, field):
    with pytest.raises(Invalid) as caught:
        await propose(app, terms)
    assert [error.field for error in caught.value.fields] == [field]


async def test_only_who_may(app):
    with pytest.raises(NotAllowed):
        await propose(app, actor=staff(11, "evn"))
    with pytest.raises(NotAllowed):
        await propose(app, actor=staff(11, "someone-else", "client.register"))
    with pytest.raises(NotAllowed):
        await service.set_agreement(app, MAKER, 7, TERMS, client_name="A", org_code="evn")
    with pytest.raises(NotAllowed):
        await service.proposed(app, staff(11, "evn", "client.register"))


async def test_the_application_cannot_rewrite_terms(app):
    await propose(app)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with app.transaction():
            await app.execute("UPDATE sharing.agreement SET claims = '{name}'")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with app.transaction():
            await app.execute("DELETE FROM sharing.agreement")
