"""The check of an application, after it was handed in: the registry compares, the operators say whose phone it is, the
policy decides whether an officer must look. Differences are told to the contact the registry has, to nobody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dancu.access import service as access
from dancu.accounts.models import AccountState, Contacts
from dancu.accounts.models.application import Application, ApplicationState, Claim, Found
from dancu.accounts.policy.registration import REASONS, reasons
from dancu.accounts.ports import subscriber
from dancu.accounts.rules import RULES, Rule, rule_on
from dancu.accounts.service import core, making
from dancu.accounts.service.claims import open_claim
from dancu.accounts.service.links import link
from dancu.accounts.store import applications as store
from dancu.kernel.actor import SYSTEM, Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK, Clock
from dancu.kit.authn import throttle
from dancu.kit.db import Conn
from dancu.kit.i18n import gettext
from dancu.population.models import CardState, ContactKind, KinRelation, PersonView
from dancu.population.service.verify import Comparison, release, verify
from dancu.territory.service import gazetteer

_GUARDIANS = (KinRelation.FATHER, KinRelation.MOTHER, KinRelation.REPRESENTATIVE)
# What tells somebody at the registered contact that it was not them, in words of the reasons.
_TELLING = ("name_differs", "name_close", "birth_differs", "birth_close", "subscriber_differs", "phone_taken")
# Numbers name provinces as they were before they were merged.
_OLD_PROVINCES = date(2025, 6, 30)
_RELEASED = ("contacts", "cards", "kin", "residence")


def eid_purpose(ref: str = "") -> Purpose:
    """Care of accounts, under the decree in force."""
    return access.choose_purpose("eid_account", case_ref=ref)


async def check(conn: Conn, ref: str, *, clock: Clock = SYSTEM_CLOCK) -> ApplicationState | None:
    """Check one application (role app). Its new state; None where it was checked before. Safe to repeat."""
    application_id = await store.open_by_ref(conn, ref)
    application = await store.application(conn, application_id, lock=True) if application_id else None
    if application is None or application.state is not ApplicationState.SUBMITTED:
        return None
    claim, _ = await open_claim(conn, application.application_id, ref)
    actor, purpose = replace(SYSTEM, request_id=ref), eid_purpose(ref)
    said = await verify(conn, actor, purpose, claim.number, {"name": claim.name, "birth": claim.birth})
    view = await release(conn, actor, purpose, said.person_key, _RELEASED) if said.found else None
    found = await _found(conn, application, claim, said, view, clock)
    why = reasons(found, _rule(application, clock))
    state = ApplicationState.WAITING if why else ApplicationState.APPROVED
    areas = view.areas if view else _areas_of_number(claim.number, clock)
    await store.checked(
        conn, application.application_id, key=said.person_key, state=ApplicationState.WAITING, reasons=why,
        findings=found.as_findings(), areas=areas, unit_id=commune_of(areas),
    )  # fmt: skip
    if state is ApplicationState.APPROVED:
        assert view is not None
        await _approve(conn, actor, purpose, application, claim, view, commune_of(areas))
    elif view is not None:
        await _tell_registered(conn, application, why, view)
    return state


async def _found(
    conn: Conn, application: Application, claim: Claim, said: Comparison, view: PersonView | None, clock: Clock
) -> Found:
    busy = bool(application.findings.get("busy"))
    checked = bool(application.findings.get("portrait_checked"))
    if view is None:
        return Found(number_known=False, busy=busy, portrait_checked=checked)
    today = clock.today()
    key = said.person_key
    holder = await core.by_phone(conn, claim.phone) if claim.phone else None
    guardian = application.guardian_key
    return Found(
        number_known=True,
        name=str(said.fields.get("name", "unknown")),
        birth=str(said.fields.get("birth", "unknown")),
        alive=said.alive,
        age=said.born.age_on(today)[0] if said.born else None,
        has_account=await core.account(conn, key) is not None,
        phone_taken=holder is not None and holder != key,
        subscriber=str(await subscriber.check(claim.phone, claim.number)) if claim.phone else "unknown",
        card_valid=any(
            card.state == CardState.ACTIVE and (card.expires_on is None or card.expires_on >= today)
            for card in view.holding(view.cards)
        ),
        busy=busy,
        by_guardian=guardian is not None,
        guardian_proved=guardian is not None
        and any(fact.relation in _GUARDIANS and fact.relative_key == guardian for fact in view.holding(view.kin)),
        another_open=await store.another_open(conn, key, application.application_id),
        portrait_checked=checked,
    )


async def _approve(
    conn: Conn, actor: Actor, purpose: Purpose, application: Application, claim: Claim, view: PersonView, unit_id: int | None
) -> None:
    await store.decide(conn, application.application_id, ApplicationState.APPROVED, by=0, decision="")
    key = view.person_key
    await core.create(
        conn, actor, purpose, key, level=1, channel=application.channel, phone=claim.phone, email=claim.email,
        language=application.language, unit_id=unit_id, assisted=application.assisted, guardian_key=application.guardian_key,
    )  # fmt: skip
    await making.invite_or_hold(conn, key)


async def _tell_registered(conn: Conn, application: Application, why: tuple[str, ...], view: PersonView) -> None:
    """Not more than a few times: whoever applies again and again with somebody's number must not flood their phone."""
    differing = [code for code in why if code in _TELLING]
    few = throttle.bucket("eid apply told", str(view.person_key), burst=3, seconds=8 * 3600)
    if not ("account_exists" in why or differing) or await throttle.charge_unless_waiting(conn, [few], [few]):
        return
    if "account_exists" in why:
        found = await core.existing(conn, view.person_key)
        if found.state in (AccountState.APPROVED, AccountState.NOTIFIED):
            await core.notify(conn, view.person_key, "exists.waiting", url=link("/eid/activate"))
        else:
            await core.notify(conn, view.person_key, "exists")
        return
    to = registered_contacts(view)
    if to.phone or to.email:
        fields = "; ".join(gettext(REASONS[code], application.language) for code in differing)
        await core.tell(conn, to, "differs", key=view.person_key, ref=application.ref, lang=application.language, fields=fields)


def registered_contacts(view: PersonView) -> Contacts:
    """The phone and e-mail the registry has today; empty where it has none."""
    now = {fact.kind: fact.value for fact in view.holding(view.contacts)}
    return Contacts(now.get(ContactKind.PHONE, ""), now.get(ContactKind.EMAIL, ""))


def commune_of(areas: tuple[int, ...]) -> int | None:
    """The commune among areas, for the funnel; the province where no commune is known."""
    units = [gazetteer().unit(area) for area in areas]
    lowest = sorted(units, key=lambda unit: -unit.level)
    return lowest[0].unit_id if lowest else None


def _areas_of_number(number: str, clock: Clock) -> tuple[int, ...]:
    """Where a number nobody has would belong: the province its digits name, as it is today."""
    old = gazetteer().by_code(number[1:3], _OLD_PROVINCES) if number.startswith("0") else None
    return gazetteer().areas(old.unit_id, clock.today()) if old else ()


def _rule(application: Application, clock: Clock) -> Rule:
    return next((rule for rule in RULES if rule.code == application.rule), rule_on(clock.today()))


__all__ = ["check", "commune_of", "eid_purpose", "registered_contacts"]
