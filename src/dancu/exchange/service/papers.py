"""What ministries hold about a person: who may see which, the evidence before anybody is asked, and the last answer kept.

    asking = await papers.ask(conn, actor, purpose, key, code)      # recorded
    await lease.release()                                            # committed; nothing waits while the ministry answers
    fetched = await lines.ask(code, asking.number)
    shown = await papers.settle(conn, asking, fetched)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

from dancu.exchange.connectors.catalogue import connector, connectors
from dancu.exchange.events import PAPER_CHANGED
from dancu.exchange.models.connectors import Connector, Content, Fetched, Outcome
from dancu.exchange.models.papers import Asking, Paper, Shown
from dancu.exchange.store import papers as store
from dancu.kernel.actor import Actor, ActorKind, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import NotAllowed, NotFound
from dancu.kit import events
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring
from dancu.population import service as population
from dancu.population.models import PersonView
from dancu.population.service.look import opened as opened_person
from dancu.population.service.verify import Agreement, compare
from dancu.sharing import service as sharing

PERMISSION = "paper.read"
_TABLE = "exchange.paper"
#: What the registry knows better than any ministry; the rest of a paper is the ministry's own truth.
IDENTITY = ("name", "birth", "sex")


def known(code: str) -> Connector:
    """Raises NotFound."""
    found = connector(code)
    if found is None:
        raise NotFound("connector.unknown", N_("Không có cơ sở dữ liệu này."))
    return found


def visible(actor: Actor, purpose: Purpose, desks: Mapping[str, str]) -> list[Connector]:
    """The ministries whose answers this actor may see for this purpose: a citizen all of their own; staff those the purpose is
    about, at a one-stop counter all that are not sensitive, at the desk that mends a ministry's data that ministry's."""
    every = list(connectors().values())
    if actor.kind is ActorKind.CITIZEN:
        return every
    if purpose.code == "public_service":
        return [one for one in every if not one.sensitive]
    if purpose.code == "data_subject_request":
        return [one for one in every if actor.org_code and desks.get(one.code) == actor.org_code]
    return [one for one in every if one.purpose == purpose.code]


async def check(conn: Conn, actor: Actor, purpose: Purpose, key: int, one: Connector, desks: Mapping[str, str]) -> None:
    """Raises NotAllowed `connector.purpose`, or `connector.consent` where the person has not agreed."""
    if one not in visible(actor, purpose, desks):
        raise NotAllowed("connector.purpose", N_("Mục đích đã chọn không cho xem dữ liệu của ngành này."))
    if one.sensitive and actor.kind is not ActorKind.CITIZEN and await sharing.consent(conn, key, one.receiver, purpose.code) is None:
        raise NotAllowed(
            "connector.consent", N_("Đây là dữ liệu sức khỏe: chỉ xem được khi người bệnh đồng ý trong tài khoản của mình.")
        )


async def shelf(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, desks: Mapping[str, str], *, connected: Iterable[str] = ()
) -> tuple[PersonView, list[Shown]]:
    """The papers this actor may see, as last answered, without asking anybody; one entry names them all. Sensitive ones are left
    to be opened one by one."""
    wanted = [one for one in visible(actor, purpose, desks) if not one.sensitive]
    await population.open_person(conn, actor, purpose, key, (*IDENTITY, "number", *(f"paper.{one.code}" for one in wanted)), PERMISSION)
    view = await opened_person(conn, key)
    now, here = SYSTEM_CLOCK.now(), frozenset(connected)
    kept = {paper.code: paper for paper in _papers(key, await store.kept(conn, key, [one.code for one in wanted]))}
    found = [
        Shown(
            one, paper := kept.get(one.code), None if one.code in here else Outcome.NOT_CONNECTED, differing(view, paper),
            one.code in here and not (paper and paper.fresh(one, now)),
        )
        for one in wanted
    ]  # fmt: skip
    found += [Shown(one, None) for one in visible(actor, purpose, desks) if one.sensitive]
    return view, found


async def ask(conn: Conn, actor: Actor, purpose: Purpose, key: int, code: str, desks: Mapping[str, str]) -> Asking:
    """Leave to ask one ministry. The entry names the ministry, the actor, purpose and law; it is committed before the ministry is
    asked. Raises NotFound, NotAllowed."""
    one = known(code)
    await check(conn, actor, purpose, key, one, desks)
    verdict = await population.open_person(conn, actor, purpose, key, ("number", *IDENTITY, f"paper.{code}"), PERMISSION)
    view = await opened_person(conn, key)
    number = view.personal_id
    if number is None:
        raise NotFound("connector.no_number", N_("Người này chưa có số định danh, nên chưa hỏi được các bộ, ngành."))
    return Asking(key, code, number.number, verdict.entry_id, await kept(conn, key, code), view)


async def settle(conn: Conn, asking: Asking, fetched: Fetched, *, worker: bool = False, news: bool = True) -> Shown:
    """Keep what was answered, and how the ministry fared. Where it did not answer, or with data older than before,
    the paper kept stands with its age. `news`:
    tell who lives by this paper that it says something else than before; False for who goes on with it at once."""
    one = known(asking.code)
    outcome = Outcome.OUTDATED if _goes_back(asking.kept, fetched.content) else fetched.outcome
    if outcome is Outcome.NOT_CONNECTED:
        return Shown(one, asking.kept, outcome, differing(asking.view, asking.kept))
    ok = outcome.answered
    await store.fared(
        conn, asking.code, ok, "" if ok else outcome.value, fetched.milliseconds, fetched.at, fetched.content.as_of if fetched.content else None
    )
    if not ok:
        return Shown(one, asking.kept, outcome, differing(asking.view, asking.kept))
    content = fetched.content
    as_of = content.as_of if content else None
    kept = (asking.person_key, asking.code, seal(asking.person_key, asking.code, content), as_of, fetched.at, asking.entry_id)
    await (store.keep_as_worker if worker else store.keep)(conn, *kept)
    if news and asking.kept is not None and _says(asking.kept.content) != _says(content):
        await events.emit(conn, PAPER_CHANGED, asking.person_key, {"connector": asking.code})
    paper = Paper(asking.code, content, as_of, "api", fetched.at, asking.entry_id)
    return Shown(one, paper, outcome, differing(asking.view, paper))


def _goes_back(before: Paper | None, content: Content | None) -> bool:
    """Are the ministry's data older than what it had said? A copy that fell behind would make a licence valid that was taken away."""
    if before is None or before.content is None or before.as_of is None or content is None or content.as_of is None:
        return False
    return content.as_of < before.as_of


async def kept(conn: Conn, key: int, code: str) -> Paper | None:
    """The last answer about an opened person."""
    found = _papers(key, await store.kept(conn, key, [code]))
    return found[0] if found else None


def _says(content: Content | None) -> object:
    """What is said of the person, whatever day the ministry gives it."""
    return content and (dict(content.holder), {part: [dict(row) for row in rows] for part, rows in content.parts.items()})


def differing(view: PersonView, paper: Paper | None) -> tuple[str, ...]:
    """Identity fields in which the ministry contradicts the registry."""
    if paper is None or paper.content is None:
        return ()
    return tuple(field for field, word in compared(view, paper.content).items() if word not in (Agreement.YES, Agreement.UNKNOWN))


def compared(view: PersonView, content: Content) -> dict[str, Agreement]:
    """Each identity field the ministry names, against the registry."""
    return compare(view, {field: content.holder[field] for field in IDENTITY if field in content.holder})


def seal(key: int, code: str, content: Content | None) -> bytes | None:
    """The content, encrypted for its row."""
    if content is None:
        return None
    plain = json.dumps(
        {
            "holder": dict(content.holder), "parts": {part: [dict(row) for row in rows] for part, rows in content.parts.items()},
            "as_of": content.as_of.isoformat() if content.as_of else None, "unread": list(content.unread),
        },
        ensure_ascii=False, separators=(",", ":"),
    )  # fmt: skip
    return ring().encrypt(plain.encode(), table=_TABLE, row=f"{key}/{code}", column="sealed")


def opened(key: int, code: str, sealed: bytes | None) -> Content | None:
    if sealed is None:
        return None
    read = json.loads(ring().decrypt(bytes(sealed), table=_TABLE, row=f"{key}/{code}", column="sealed"))
    as_of = date.fromisoformat(read["as_of"]) if read["as_of"] else None
    return Content(read["holder"], {part: tuple(rows) for part, rows in read["parts"].items()}, as_of, tuple(read["unread"]))


def _papers(key: int, rows: Iterable[tuple[object, ...]]) -> list[Paper]:
    return [
        Paper(code, opened(key, code, sealed), as_of, how, fetched_at, entry_id)  # type: ignore[arg-type]
        for code, sealed, as_of, how, fetched_at, entry_id in rows
    ]
