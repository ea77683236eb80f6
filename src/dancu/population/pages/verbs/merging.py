"""Pages of merging two records of one person, with both side by side, and of undoing it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from dancu.kit.i18n import N_
from dancu.population import models as m
from dancu.population import service, wording
from dancu.population.forms import Check, Choice, FactChoices, PersonNumber, Reading
from dancu.population.forms.choices import choice_name
from dancu.population.forms.words import days
from dancu.population.pages.verbs.page import Arguments, VerbPage, standing
from dancu.population.policy.differences import Difference, differences

GROUP = N_("Gộp hồ sơ")
_KEEP = {"other": N_("Giữ hồ sơ kia, gộp hồ sơ này vào đó"), "this": N_("Giữ hồ sơ này, gộp hồ sơ kia vào đây")}


def _merge(r: Reading) -> Arguments:
    this, other = r.person.person_key, r.values["other"]
    absorbed, kept = (this, other) if r.values["keep"] == "other" else (other, this)
    return (absorbed,), {"kept_key": kept, "choices": r.values["choices"].get(absorbed, {})}


def _said(view: m.PersonView, today: date) -> dict[str, str]:
    """Every term of a record with its present values in one line."""
    facts: Iterable[m.Fact] = (*view.holding(view.facts()), *((view.household,) if view.household else ()))
    found: dict[str, list[str]] = {}
    for fact in facts:
        for line in wording.lines(fact, today):
            values = found.setdefault(line.term, [])
            if line.value and line.value not in values:
                values.append(line.value)
    return {term: "; ".join(values) for term, values in found.items()}


async def _side_by_side(r: Reading) -> list[tuple[str, str, str]]:
    """(term, this record, the other one). Reading the other is a look of its own."""
    other = await service.person(r.conn, r.actor, r.purpose, r.values["other"])
    r.offers["differences"] = _to_choose(r, other)
    one, two = _said(r.person, r.today), _said(other, r.today)
    return [(term, one.get(term, ""), two.get(term, "")) for term in dict.fromkeys((*one, *two))]


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One line of the choice: `options` are (side, value, where it comes from) in the order this record, the other."""

    name: str
    term: str
    chosen: str
    better: str
    options: tuple[tuple[str, str, str], ...]


_PART_FIELD = {
    "date": "birth_date", "sex": "sex", "birth_place": "birth_unit", "registration": "registration_unit",
    "origin": "origin_unit",
}  # fmt: skip


def _to_choose(r: Reading, other: m.PersonView) -> list[Contradiction]:
    """Every contradiction of the two records with what was chosen, or the better source."""
    here_goes = r.values["keep"] == "other"
    absorbed, kept = (r.person, other) if here_goes else (other, r.person)
    chosen = r.values["choices"].get(absorbed.person_key, {})
    found = []
    for one in differences(absorbed, kept):
        term, goes = _words(one.absorbed, one, 0, r.today)
        _, stays = _words(one.kept, one, 1, r.today)
        options = (("absorbed", *goes), ("kept", *stays))
        found.append(
            Contradiction(
                choice_name(absorbed.person_key, one.code), term, chosen.get(one.code, one.better),
                # Of two sources alike neither is the better one, and the page must not say so.
                one.better if one.sources[0] != replace(one.sources[1], ref=one.sources[0].ref) else "",
                options if here_goes else options[::-1],
            )
        )  # fmt: skip
    return found


def _words(fact: m.Fact, of: Difference, which: int, today: date) -> tuple[str, tuple[str, str]]:
    """(term, (value with its days, source with its date)) of one side."""
    field = _PART_FIELD.get(of.part, of.part)
    lines = [line for line in wording.lines(fact, today) if not field or line.field == field]
    source = of.sources[which]
    when = f"{source.date:%d/%m/%Y}" if source.date else ""
    value = " · ".join(p for p in (lines[0].value if lines else "", days(fact.valid)) if p)
    return (lines[0].term if lines else "", (value, " · ".join(p for p in (wording.source(source), when) if p)))


def _this(r: Reading) -> Arguments:
    return (r.person.person_key,), {}


PAGES = (
    VerbPage(
        code="merge", title=N_("Gộp hai hồ sơ của một người"), verb=service.merge, group=GROUP, when=standing,
        paper=m.SourceKind.DECISION, arguments=_merge, compare=_side_by_side, button=N_("Gộp hai hồ sơ"),
        lead=N_("Không mất gì: hồ sơ được giữ nhận thêm những gì chỉ hồ sơ kia có; chỗ khác nhau được chọn khi xem trước; có thể hủy gộp."),
        fields=(
            PersonNumber(
                name="other", label=N_("Số của hồ sơ kia"), hint=N_("Số định danh, CMND, hoặc mã hồ sơ dạng #123."),
            ),
            Choice(name="keep", label=N_("Hồ sơ nào được giữ"), table=_KEEP, radio=True),
            FactChoices(name="choices", label=N_("Giá trị đã chọn")),
        ),
    ),
    VerbPage(
        code="undo-merge", title=N_("Hủy gộp hồ sơ"), verb=service.undo_merge, group=GROUP,
        when=lambda view: view.merged_into is not None, paper=m.SourceKind.DECISION, arguments=_this,
        lead=N_("Hai hồ sơ trở lại đúng như trước khi gộp."),
        fields=(Check(name="sure", label=N_("Đã xác minh đây là hai người khác nhau.")),),
    ),
)  # fmt: skip
