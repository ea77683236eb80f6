"""What a row says, held against itself: days that have not come, numbers that say another sex or year, parents in each other's column. Pure."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from dancu.kernel.dates import PartialDate, cross_check_words, to_words
from dancu.kernel.numbers import PersonalId
from dancu.population.importing.row import Row

_EARLIEST: Final = 1850
_SEX_WORD: Final = {"mother": re.compile(" văn "), "father": re.compile(" thị ")}
"""Middle words that hardly anybody of the other sex bears; one alone says nothing."""


def check(row: Row, today: date) -> None:
    """What the row says, held against itself and against today: what cannot be is left out or doubted, what is odd is noted."""
    birth: PartialDate | None = row.get("birth")
    if birth is not None and birth.earliest() > today:
        row.doubts.append(("person.birth.future", "birth"))
    elif birth is not None and birth.year < _EARLIEST:
        row.doubts.append(("date.implausible", "birth"))
    for name in ("residence_since", "temporary_since", "registered_on"):
        begun: PartialDate | None = row.get(name)
        if begun is not None and begun.earliest() > today:
            del row.values[name]
            row.note("date.future", name)
    if (said := row.get("birth_words")) is not None:
        _words(row, birth, said)
    if (number := row.get("personal_id")) is not None:
        for finding in PersonalId(number).cross_check(row.get("sex"), birth):
            row.note(finding.code, "personal_id")
    own = {row.get("personal_id"), row.get("cmnd")} - {None}
    for name in ("father_number", "mother_number", "spouse_number"):
        if row.get(name) in own:
            del row.values[name]
            row.note("kin.own_number", name)
    _parents(row, birth)
    since: PartialDate | None = row.get("registered_on") or row.get("residence_since")
    if since is not None and birth is not None and since.latest() < birth.earliest():
        row.note("person.birth.after_registration", "birth")


def _words(row: Row, birth: PartialDate | None, said: PartialDate) -> None:
    if birth is None:
        if not any(name == "birth" for _, name in row.doubts):
            row.values["birth"] = said
            row.note("date.from_words", "birth")
        return
    for finding in cross_check_words(birth, to_words(said)):
        if finding.code.endswith("_missing"):
            row.note(finding.code, "birth")
        else:
            row.doubts.append((finding.code, "birth"))


def _parents(row: Row, birth: PartialDate | None) -> None:
    wrong = []
    for parent, sex in (("mother", "female"), ("father", "male")):
        number = row.get(f"{parent}_number")
        if number is not None and len(number) == 12 and number.isdigit():
            paper = PersonalId(number)
            if paper.sex != sex:
                wrong.append(parent)
                row.note("kin.number.sex", parent)
            years = row.get(f"{parent}_birth")
            if years is not None and years.year != paper.birth_year:
                row.note("kin.number.year", parent)
        elif _SEX_WORD[parent].search(f" {(row.get(f'{parent}_name') or '').lower()} "):
            wrong.append(parent)
        born: PartialDate | None = row.get(f"{parent}_birth")
        if born is not None and birth is not None and not 12 <= birth.year - born.year <= 75:
            row.note("kin.age", parent)
    if len(wrong) == 2:
        row.doubts.append(("kin.swapped", "father"))
