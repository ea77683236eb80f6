"""Public verbs of the territory room. What needs no database (`gazetteer`, `resolve`) is not async."""

import time
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from dancu.kernel.errors import Conflict, Invalid, NotFound
from dancu.territory import events, store
from dancu.territory.gazetteer import OLDEST_KNOWN, REFORM, Gazetteer, gazetteer
from dancu.territory.models import Candidate, Hamlet, Kind, Resolution, Status, Unit

if TYPE_CHECKING:
    from dancu.kernel.actor import Actor
    from dancu.kit.db import Conn
    from dancu.territory.matching.answer import Hamlets

__all__ = [
    "OLDEST_KNOWN",
    "REFORM",
    "Candidate",
    "Gazetteer",
    "Hamlet",
    "Kind",
    "Resolution",
    "Status",
    "Unit",
    "add_hamlet",
    "areas_named",
    "become_owner",
    "close_hamlet",
    "find_hamlet",
    "gazetteer",
    "hamlet",
    "hamlet_name",
    "hamlets_ever",
    "hamlets_of",
    "learn_hamlets",
    "load",
    "rename_hamlet",
    "resolve",
    "resolve_with_hamlet",
]

HAMLET_KINDS = ("thôn", "bản", "làng", "buôn", "bon", "ấp", "xóm", "khóm", "khối phố", "khu phố", "tổ dân phố", "khối",
                "khu", "tổ", "phum", "sóc", "plei", "tiểu khu", "khu dân cư", "đội")  # fmt: skip


_SECONDS = 600.0
_MOST = 20_000
_names: dict[int, tuple[float, str]] = {}
"""Hamlet -> (until when, its name), the one asked for longest ago first; the country has some 90,000."""


async def learn_hamlets(conn: "Conn", hamlet_ids: Iterable[int | None]) -> None:
    """Make `hamlet_name` know these; names are remembered for ten minutes, the last 20,000 of them."""
    now, asked = time.monotonic(), {i for i in hamlet_ids if i is not None}
    for i in asked & _names.keys():
        _names[i] = _names.pop(i)
    wanted = [i for i in asked if _names.get(i, (0.0, ""))[0] < now]
    if wanted:
        found = await store.hamlet_names(conn, wanted)
        _names.update({i: (now + _SECONDS, found.get(i, "")) for i in wanted})
    if (surplus := len(_names) - max(_MOST, len(asked))) > 0:
        for i in list(_names)[:surplus]:
            del _names[i]


def hamlet_name(hamlet_id: int | None) -> str:
    """Kind and name ("khối phố Xuân Đông") of a hamlet that was learnt; "" for others."""
    return _names[hamlet_id][1] if hamlet_id in _names else ""


def resolve(text: str, as_of: date, hamlets: "Hamlets | None" = None) -> Resolution:
    """Read a free-text address, or a bare statistical code, as the unit of that day; see `matching`."""
    from dancu.territory.matching import resolve as read_address

    return read_address(text, as_of, gazetteer(), hamlets)


@lru_cache(maxsize=8192)
def areas_named(text: str, today: date) -> tuple[int, ...]:
    """Areas of today (communes and what is above them) of every unit that `text` may have meant in the oldest units
    known: for records whose unit of that time is unknown and that somebody must be able to see all the same. Never a
    fact."""
    found = resolve(text, OLDEST_KNOWN).candidates if text.strip() else ()
    known, near = gazetteer(), [c.unit for c in found if c.confidence >= found[0].confidence - 0.15]
    return tuple(dict.fromkeys(area for unit in near for area in known.areas(unit.unit_id, today)))


async def load(conn: "Conn") -> bool:
    """Bring the reference tables to the package's data (as owner of the schema); False when they already were."""
    from dancu.kernel.names import sort_key
    from dancu.kit.events import emit

    g = gazetteer()
    digest = g.digest()
    if await store.loaded(conn) == digest:
        return False
    successions = [s for u in g for s in g.successions(u.unit_id)]
    if not await store.load(conn, digest, ((u, sort_key(u.name)) for u in g), successions):
        return False
    await emit(conn, events.UNITS_CHANGED, None, {"digest": digest})
    return True


async def become_owner(conn: "Conn") -> None:
    """Let an administrator's connection work as the owner of the schema until the transaction ends."""
    await store.become_owner(conn)


# -- hamlets: the caller has checked that the actor may change this commune ------------------------------
async def hamlets_of(conn: "Conn", unit_id: int, as_of: date) -> list[Hamlet]:
    """Hamlets of the commune on the day, in Vietnamese order; those of a merged commune's predecessors too."""
    return await store.hamlets_of(conn, _line(unit_id), as_of)


async def hamlets_ever(conn: "Conn", unit_ids: Iterable[int]) -> dict[int, list[Hamlet]]:
    """Every period of the hamlets of each commune (those of a merged commune's predecessors too): for who asks about many
    days at once."""
    lines = {unit_id: _line(unit_id) for unit_id in unit_ids}
    found = await store.hamlets_ever(conn, sorted({unit for line in lines.values() for unit in line}))
    return {unit_id: [h for h in found if h.unit_id in line] for unit_id, line in lines.items()}


async def hamlet(conn: "Conn", hamlet_id: int, as_of: date) -> Hamlet:
    """One hamlet as it was on the day."""
    found = await store.hamlet(conn, hamlet_id, as_of)
    if found is None:
        raise NotFound("territory.hamlet.unknown", "Không có thôn, tổ dân phố này vào ngày đó.")
    return found


async def find_hamlet(conn: "Conn", unit_id: int, text: str, as_of: date) -> Hamlet | None:
    """The one hamlet of the commune that `text` names (kind word or not, marks or not, an alias); else None."""
    from dancu.territory.matching.index import fold

    wanted = fold(text)
    hits: list[Hamlet] = []
    for h in await hamlets_of(conn, unit_id, as_of):
        names = {fold(n) for n in (h.name, f"{h.kind} {h.name}", *h.aliases)}
        if wanted in names:
            hits.append(h)
    return hits[0] if len(hits) == 1 else None


async def resolve_with_hamlet(conn: "Conn", text: str, as_of: date) -> Resolution:
    """`resolve`, and with the hamlets of the candidates: names the hamlet, and may settle a commune that was split."""
    answer = resolve(text, as_of)
    if not answer.rest or not answer.candidates:
        return answer
    ids = [c.unit.unit_id for c in answer.candidates if c.unit.level == 3]
    known = {i: await hamlets_of(conn, i, as_of) for i in ids[:20]}
    return resolve(text, as_of, known) if any(known.values()) else answer


async def add_hamlet(
    conn: "Conn",
    actor: "Actor",
    unit_id: int,
    kind: str,
    name: str,
    *,
    valid_from: date,
    aliases: Sequence[str] = (),
) -> Hamlet:
    """A new hamlet of a commune that exists on `valid_from`."""
    new = _new_hamlet(unit_id, kind, name, valid_from, aliases)
    return (await _insert(conn, actor, [new], events.HAMLET_ADDED))[0]


async def add_hamlets(
    conn: "Conn", actor: "Actor", wanted: Iterable[tuple[int, str, str]], *, valid_from: date
) -> list[Hamlet]:
    """Many (commune, kind, name) at once, as `add_hamlet` adds one."""
    return await _insert(conn, actor, [_new_hamlet(*one, valid_from, ()) for one in wanted], events.HAMLET_ADDED)


def _new_hamlet(unit_id: int, kind: str, name: str, valid_from: date, aliases: Sequence[str]) -> Hamlet:
    unit = gazetteer().unit(unit_id)
    if unit.level != 3 or not unit.valid_on(valid_from):
        sentence = "Đơn vị cấp xã này không tồn tại vào ngày {day}."
        raise Invalid("territory.hamlet.no_commune", sentence, day=_vi(valid_from))
    return Hamlet(0, unit_id, _kind(kind), _name(name), tuple(aliases), valid_from, None)


async def rename_hamlet(conn: "Conn", actor: "Actor", hamlet_id: int, kind: str, name: str, *, on: date) -> Hamlet:
    """Another kind or name from that day; the old name stays findable. The id stays."""
    old = await _open_hamlet(conn, hamlet_id, on)
    aliases = dict.fromkeys((*old.aliases, old.name, f"{old.kind} {old.name}"))
    new = Hamlet(hamlet_id, old.unit_id, _kind(kind), _name(name), tuple(aliases), on, None)
    await store.close_hamlet(conn, hamlet_id, on)
    return (await _insert(conn, actor, [new], events.HAMLET_RENAMED))[0]


async def close_hamlet(conn: "Conn", actor: "Actor", hamlet_id: int, *, on: date) -> None:
    """The hamlet is no more from that day (merged into another, dissolved)."""
    from dancu.kit.events import emit

    await _open_hamlet(conn, hamlet_id, on)
    await store.close_hamlet(conn, hamlet_id, on)
    await emit(conn, events.HAMLET_CLOSED, None, {"hamlet_id": hamlet_id, "by": actor.actor_id})


async def _open_hamlet(conn: "Conn", hamlet_id: int, on: date) -> Hamlet:
    last = await store.last_hamlet(conn, hamlet_id)
    if last is None:
        raise NotFound("territory.hamlet.unknown", "Không có thôn, tổ dân phố này vào ngày đó.")
    if last.valid_to is not None:
        raise Conflict("territory.hamlet.closed", "Thôn, tổ dân phố này đã kết thúc từ trước.")
    if last.valid_from is not None and on <= last.valid_from:
        raise Invalid("territory.hamlet.too_early", "Ngày thay đổi phải sau ngày {day}.", day=_vi(last.valid_from))
    return last


async def _insert(conn: "Conn", actor: "Actor", new: Sequence[Hamlet], topic: str) -> list[Hamlet]:
    """Store hamlets that begin on one day, with their events. Raises Conflict where a commune has one of that name."""
    from dataclasses import replace

    from dancu.kernel.names import sort_key
    from dancu.kit.events import emit_all
    from dancu.territory.matching.index import fold

    if not new:
        return []
    assert new[0].valid_from is not None
    there = await store.hamlets_of(conn, [*{one.unit_id for one in new}], new[0].valid_from)
    taken = {(one.unit_id, one.kind, fold(one.name)): one.hamlet_id for one in there}
    for one in new:
        key = (one.unit_id, one.kind, fold(one.name))
        if key in taken and (not one.hamlet_id or taken[key] != one.hamlet_id):
            raise Conflict("territory.hamlet.twice", "Xã, phường này đã có {name}.", name=f"{one.kind} {one.name}")
        taken[key] = one.hamlet_id
    ids = await store.insert_hamlets(conn, [(one, fold(one.name), sort_key(one.name)) for one in new])
    made = [replace(one, hamlet_id=hamlet_id) for one, hamlet_id in zip(new, ids, strict=True)]
    told = [{"hamlet_id": one.hamlet_id, "unit_id": one.unit_id, "by": actor.actor_id} for one in made]
    await emit_all(conn, topic, told)
    return made


def _line(unit_id: int) -> list[int]:
    """The commune and, where it took them in whole, those it came from: their hamlets went on."""
    g = gazetteer()
    line, queue = {unit_id}, [unit_id]
    while queue:
        for before in g.before(queue.pop()):
            whole = len(g.successions(before)) == 1
            if whole and before not in line and g.level(before) == 3:
                line.add(before)
                queue.append(before)
    return sorted(line)


def _kind(kind: str) -> str:
    kind = " ".join(kind.lower().split())
    if kind not in HAMLET_KINDS:
        raise Invalid("territory.hamlet.kind", "Loại phải là một trong: {kinds}.", kinds=", ".join(HAMLET_KINDS))
    return kind


def _name(name: str) -> str:
    from dancu.kernel.names import repair

    name = " ".join(repair(name)[0].split())
    if not 1 <= len(name) <= 80:
        raise Invalid("territory.hamlet.name", "Tên thôn, tổ dân phố phải có từ 1 đến 80 ký tự.")
    return name


def _vi(day: date) -> str:
    return f"{day:%d/%m/%Y}"
