"""Personal ID numbers."""

from __future__ import annotations

from datetime import date

from dancu.kernel.errors import Conflict
from dancu.kernel.numbers import SERIALS_PER_CELL
from dancu.kit.i18n import N_
from dancu.population.policy import numbers as rule
from dancu.population.policy import rules
from dancu.population.policy.work import Work
from dancu.population.service.act import Act, verb
from dancu.population.store import numbers as store

#: Size of a cell of the number space; tests make it small.
serials = SERIALS_PER_CELL


@verb("allocate_number", "person.number.allocate")
async def allocate_number(act: Act, person_key: int, *, place_code: str, since: date | None = None) -> Work:
    """Give the person a personal ID number that nobody has or had. `place_code`: three digits of the place of
    birth registration, as the office's configuration says. Conflict `person.number.cell_full` when the cell
    (place, century and sex, year of birth) has no number left. `Done.number` is the number."""
    await act.open([person_key])
    work = await act.take(person_key)
    rule.may_allocate(work.view(person_key))
    number = await _draw(act, work, person_key, place_code)
    rule.allocate(work, person_key, number, since or act.today)
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
    number = await _draw(act, work, person_key, place_code)
    rule.replace_number(work, person_key, number, on, reason)
    return work


async def _draw(act: Act, work: Work, person_key: int, place_code: str) -> str:
    cell = rule.cell(work.view(person_key), place_code)
    if act.preview:
        return cell + "······"  # which one is known only when it is given
    number = await store.draw(act.conn, cell, person_key, serials)
    if number is None:
        raise Conflict(
            "person.number.cell_full",
            N_("Đã hết số định danh cho nơi {place}, giới tính và năm sinh này. Hãy dùng mã nơi khác theo quy định."),
            place=place_code,
        )
    return number
