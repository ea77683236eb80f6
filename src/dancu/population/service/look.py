"""Looking at a person: the gate is asked first, the evidence is written, then the rows are read, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from dancu.audit import service as audit
from dancu.kernel import names
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import DancuError, Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.population import wording
from dancu.population.models import Fact, PersonView
from dancu.population.store import facts, gate
from dancu.territory import service as territory

ALL_FIELDS = (
    "number", "name", "birth", "sex", "traits", "residence", "household", "kin", "marital", "cards", "contacts", "life",
)  # fmt: skip

_REFUSALS: dict[str, tuple[type[DancuError], str]] = {
    "no_session": (NotAllowed, N_("Phiên làm việc đã hết. Xin đăng nhập lại.")),
    "no_purpose": (
        NotAllowed,
        N_("Mục đích hoặc căn cứ pháp lý không cho phép việc này. Hãy chọn mục đích khác trong danh mục."),
    ),
    "no_permission": (NotAllowed, N_("Tài khoản của bạn không có quyền làm việc này. Hãy hỏi người quản trị của cơ quan.")),
    "outside_area": (
        NotAllowed,
        N_("Người này không thuộc địa bàn của bạn. Cần quyền tra cứu toàn quốc, hoặc mở khẩn cấp với lý do bằng văn bản."),
    ),
    "not_found": (NotFound, N_("Không tìm thấy người này trong cơ sở dữ liệu dân cư. Hãy kiểm tra lại số.")),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate said about one person; `entry_id` is the evidence entry of the look."""

    person_key: int
    word: str
    entry_id: int

    @property
    def ok(self) -> bool:
        return self.word == "ok"


def refusal(word: str) -> DancuError:
    """The sentence for a verdict other than 'ok'."""
    kind, message = _REFUSALS[word]
    return kind(f"person.{word}", message)


def nobody(actor: Actor, purpose: Purpose) -> DancuError:
    """The refusal where a number names nobody. That it names nobody is an answer about the registry too: whoever tries
    numbers leaves a trace, though in no citizen's list."""
    error = refusal("not_found")
    error.evidence = lambda other: missed(other, actor, purpose)
    return error


async def missed(conn: Conn, actor: Actor, purpose: Purpose, count: int = 1, **note: str) -> None:
    """Record that `count` numbers were tried that are nobody's, one entry each: many of them among few that are somebody's are told on
    (monitoring)."""
    await audit.record(conn, actor, purpose, action="denied", subjects=[None] * count, fields=["number"], note={**note, "verdict": "not_found"})


async def unreached(conn: Conn, actor: Actor, purpose: Purpose) -> None:
    """Record that somebody tried an address of a record that no page had shown them. Whose, it does not say: nothing was looked up."""
    await audit.record(conn, actor, purpose, action="denied", subjects=[None], fields=["record"], note={"verdict": "unreached"})


def own_permission(actor: Actor, permission: str) -> str:
    """A citizen's one permission, whatever the page asks for; a staff member's own otherwise."""
    return "citizen.self" if actor.kind == ActorKind.CITIZEN else permission


async def look(
    conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int], fields: Sequence[str] = ALL_FIELDS,
    permission: str = "person.read",
) -> list[Verdict]:  # fmt: skip
    """Ask for several persons; those with verdict 'ok' are open until the transaction ends. One evidence entry each.
    Refusals are verdicts, not errors: the caller shows what it may and says what it may not."""
    rows = await gate.look(conn, actor, purpose, keys, own_permission(actor, permission), fields)
    return [Verdict(*row) for row in rows]


async def open_person(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, fields: Sequence[str] = ALL_FIELDS,
    permission: str = "person.read",
) -> Verdict:  # fmt: skip
    """Like `look` for one person, but a refusal is raised; that somebody tried is kept through the rollback."""
    (verdict,) = await look(conn, actor, purpose, [key], fields, permission)
    if not verdict.ok:
        error = refusal(verdict.word)
        error.evidence = lambda other: look(other, actor, purpose, [key], fields, permission)
        raise error
    return verdict


async def open_new(conn: Conn, keys: Sequence[int], households: Sequence[int] = ()) -> None:
    """Open keys drawn for persons and households that have no rows yet."""
    await gate.open_new(conn, keys, households)


async def person(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, *, as_of: date | None = None,
    known_at: datetime | None = None, permission: str = "person.read",
) -> PersonView:  # fmt: skip
    """The record of one person as it held on `as_of` (default today), as the registry knew it at `known_at` (default
    now). "What did the registry say on 1/3 about 1/1?" is `as_of=1/1, known_at=1/3`."""
    await open_person(conn, actor, purpose, key, permission=permission)
    found = await facts.load_view(conn, [key], as_of=as_of, known_at=known_at)
    if key not in found:
        raise refusal("not_found")
    view = found[key]
    await territory.learn_hamlets(conn, [*(r.hamlet_id for r in view.residences), *(h.hamlet_id for h in view.households)])
    return view


async def opened(conn: Conn, key: int) -> PersonView:
    """The record of somebody opened in this transaction already (`open_person`): no second entry for one look. The caller shows
    only what that look named."""
    found = await facts.load_view(conn, [key])
    if key not in found:
        raise refusal("not_found")
    return found[key]


async def held(conn: Conn, key: int) -> PersonView:
    """As `opened`, and nothing is recorded of them until the transaction ends: what follows from this record and what the registry then
    tells of them come one after the other."""
    await gate.hold(conn, key)
    return await opened(conn, key)


async def history(conn: Conn, key: int) -> tuple[Fact, ...]:
    """Everything the registry ever said of one person, newest record first. The person must be open (`open_person`
    with permission `person.history`)."""
    found = await facts.load_history(conn, key)
    await territory.learn_hamlets(conn, [getattr(fact, "hamlet_id", None) for fact in found])
    return found


async def household_members(
    conn: Conn, actor: Actor, purpose: Purpose, household_key: int, permission: str = "person.read"
) -> tuple[list[PersonView], int]:
    """The present members of an opened household whom this actor may see, each look recorded, and how many more
    there are whom they may not."""
    keys = await gate.members_of(conn, household_key)
    if actor.kind == ActorKind.CITIZEN:
        # The household's list is the citizen's own data by law; the members' records are not.
        return [], len(keys)
    looks, hidden = await _looks_at(conn, actor, purpose, keys, permission)
    return [view for _, view in looks], hidden


async def household_looks(
    conn: Conn, actor: Actor, purpose: Purpose, household_key: int, permission: str = "person.release"
) -> list[tuple[int, PersonView]]:
    """The present members of an opened household whom a program may see, each with the evidence entry of the look."""
    return (await _looks_at(conn, actor, purpose, await gate.members_of(conn, household_key), permission))[0]


async def _looks_at(
    conn: Conn, actor: Actor, purpose: Purpose, keys: Sequence[int], permission: str
) -> tuple[list[tuple[int, PersonView]], int]:
    verdicts = await look(conn, actor, purpose, keys, ("name", "birth", "sex", "household"), permission)
    entries = {v.person_key: v.entry_id for v in verdicts if v.ok}
    views = await facts.load_view(conn, list(entries))
    return [(entries[key], view) for key, view in views.items()], sum(not v.ok for v in verdicts)


def term(group: str, field: str) -> str:
    """What a field of the record is called, in the language of the request."""
    return wording.term(group, field)


async def one_line(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, group: str, field: str
) -> wording.Line | None:
    """What the registry says now of one field of one person, in words; None where it says nothing."""
    view = await person(conn, actor, purpose, key)
    today = SYSTEM_CLOCK.today()
    for fact in view.holding((*view.facts(), *view.households)):
        for line in wording.lines(fact, today):
            if (line.group, line.field) == (group, field):
                return line
    return None


def is_number(text: str) -> bool:
    """Whether somebody typed a number rather than a name: digits, with spaces, dots or hyphens between them."""
    digits = "".join(ch for ch in text if not ch.isspace() and ch not in ".-")
    return digits.isascii() and digits.isdigit()


def check_number(text: str) -> None:
    """Raises Invalid `person.number.length` for digits that cannot be a personal ID number or a CMND."""
    if sum(map(str.isdigit, text)) not in (9, 12):
        raise Invalid(
            "person.number.length", N_("Số định danh có 12 chữ số, số CMND có 9 chữ số. Hãy kiểm tra lại.")
        )


async def named_by(
    conn: Conn, actor: Actor, purpose: Purpose, *, digits: str | None = None, record: int | None = None, full_name: str = ""
) -> tuple[str, int | None]:
    """Whom a number typed into a form names: ('ok', key), ('several', None) or ('unknown', None).

    `digits`: a personal ID number or CMND; `record`: a record number. Somebody outside the actor's area is named only by
    number together with their name as the registry has it; without it they are as unknown as a number nobody has. Each
    call is an entry of the evidence log. Raises NotAllowed without a live session."""
    ascii_name = names.normal_form(full_name).keys.ascii if full_name.strip() else ""
    word, key = await gate.name_one(conn, actor, purpose, digits=digits, record=record, name_ascii=ascii_name)
    if word == "no_session":
        raise refusal(word)
    return word, key


async def number_taken(conn: Conn, actor: Actor, purpose: Purpose, digits: str) -> bool:
    """Was this number ever given to anybody, here or elsewhere? The question is an entry of the evidence log."""
    return await gate.number_taken(conn, actor, purpose, digits)


async def keys_by_number(conn: Conn, number: str) -> list[int]:
    """Person keys that a number (personal ID, old CMND, cancelled ones) names; usually one. Says nothing about
    anybody: the gate is asked next."""
    digits = "".join(ch for ch in number if not ch.isspace() and ch not in ".-")
    if not digits:
        raise Invalid("search.empty", "Hãy nhập số định danh cá nhân hoặc số CMND.")
    return list(dict.fromkeys(row[3] for row in await gate.keys_of(conn, [digits])))


__all__ = [
    "ALL_FIELDS", "Verdict", "history", "household_looks", "household_members", "keys_by_number", "look", "missed", "named_by", "nobody", "number_taken", "open_new", "open_person", "person", "refusal",
]  # fmt: skip
