"""Personal ID numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

from dancu.kernel.errors import Conflict, Invalid, Unavailable
from dancu.kernel.numbers import SERIALS_PER_CELL, place_code_for
from dancu.kit.i18n import N_
from dancu.population.models import BirthFact
from dancu.population.policy import numbers as rule
from dancu.population.policy import rules
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.store import numbers as store
from dancu.population.store.sentences import in_words
from dancu.territory.service import gazetteer

#: Size of a cell of the number space; tests make it small.
serials = SERIALS_PER_CELL


ALLOCATE = "person.number.allocate"
#: A record that waits for its number, as a finding; the job that gives it is asked for in the same transaction.
PENDING = "person.number.pending"
RETRY = "population:allocate_pending_number"
_PROVINCE = 1


@verb("allocate_number", ALLOCATE)
async def allocate_number(act: Act, person_key: int, *, place_code: str, since: date | None = None) -> Work:
    """Give the person a personal ID number that nobody has or had. `place_code`: three digits of the place of
    birth registration, as the office's configuration says. Conflict `person.number.cell_full` when the cell
    (place, century and sex, year of birth) has no number left. `Done.number` is the number."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.may_allocate(work.view(person_key))
    number = await draw(act, work, person_key, place_code)
    rule.allocate(work, person_key, number, since or act.today)
    work.settles.append((person_key, PENDING))
    return work


@verb("cancel_number", "person.write.cancel_number")
async def cancel_number(act: Act, person_key: int, *, on: date, reason: str) -> Work:
    """The number is no longer valid; it leads to this person for ever and is never given again."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.cancel(work, person_key, on, reason)
    return work


@verb("replace_number", "person.write.replace_number")
async def replace_number(act: Act, person_key: int, *, place_code: str, on: date, reason: str) -> Work:
    """Cancel the number and give another, after sex or year of birth was corrected."""
    await act.open([person_key])
    work = await act.take(person_key)
    rules.living(work.view(person_key))
    number = await draw(act, work, person_key, place_code)
    rule.replace_number(work, person_key, number, on, reason)
    return work


async def draw(act: Act, work: Work, person_key: int, place_code: str) -> str:
    """A number of the person's cell that nobody had, entered in the directory; in a preview only its first digits."""
    cell = rule.cell(work.view(person_key), place_code)
    if act.preview:
        free = await store.has_free(act.conn, cell, serials)
        number = cell + "······" if free else None  # which one is known only when it is given
    else:
        number = await store.draw(act.conn, cell, person_key, serials)
    if number is None:
        raise Conflict(
            "person.number.cell_full",
            N_("Đã hết số định danh cho nơi {place}, giới tính và năm sinh này. Hãy dùng mã nơi khác theo quy định."),
            place=place_code,
        )
    return number


def code_of_place(birth: BirthFact, today: date) -> str:
    """Three digits of the province where the birth was registered (or happened, where that is not known), as numbers of
    that time bore it; "" where neither is known."""
    unit = birth.registration_unit or birth.birth_unit
    if unit is None:
        return ""
    known = gazetteer()
    one = known.unit(unit)
    then = min(today, one.valid_to - rules.ONE_DAY) if one.valid_to else today
    province = next((u for u in (one, *known.ancestors(unit, then)) if u.level == _PROVINCE), None)
    return place_code_for(province.code) if province else ""


async def give_number(act: Act, work: Work, key: int, place_code: str) -> None:
    """A number for somebody who is being registered. Where none can be given now (the space is used up, the sex is not
    determined) the registration goes on: the record waits for its number, and a job asks again."""
    if not place_code:
        raise Invalid(
            "person.number.place_unknown",
            N_("Chưa rõ mã nơi đăng ký khai sinh. Hãy ghi nơi đăng ký khai sinh, hoặc chọn cấp số sau."),
        )
    try:
        rule.may_allocate(work.view(key))
        async with act.conn.transaction():
            with in_words():
                number = await draw(act, work, key, place_code)
    except (Conflict, Invalid, Unavailable) as error:
        if error.code == "person.number.place":
            raise  # typed wrongly: only the officer can mend it
        work.notice(key, PENDING, place_code=place_code, why=error.code, **_basis(act))
        work.jobs.append((RETRY, {"person_key": key}))
        return
    rule.allocate(work, key, number, act.today)


def _basis(act: Act) -> dict[str, Any]:
    """What the late number will rest on: the purpose and the document of the registration."""
    return {
        "purpose": act.purpose.code, "legal_basis": act.purpose.legal_basis, "document_kind": act.document.kind,
    }  # fmt: skip
