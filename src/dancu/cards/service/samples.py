"""Reference samples: kept, asked after, compared one to one.

A comparison reads on a connection of dancu_biometric, outside the caller's transaction: that somebody looked stays on
record whatever becomes of the caller's, and samples kept in a transaction count once it is committed.
"""

from __future__ import annotations

import asyncio
import struct
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from dancu.cards.biometrics.engine import check_bytes, cosine, engine
from dancu.cards.models import Match, PortraitCheck, Reference, SampleKind, SampleSource
from dancu.cards.rules import MatchMeasure, match_measure
from dancu.cards.service.portrait import check_portrait
from dancu.cards.store import reference as store
from dancu.cards.store.reference import Sealed
from dancu.kernel.actor import SYSTEM, Actor, Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.errors import Invalid, NotAllowed, NotFound
from dancu.kit.db import Conn, connection, data_dir
from dancu.kit.i18n import N_
from dancu.kit.keys import KeyRing

#: Why samples are compared where the caller states no other purpose.
ACCOUNT: Final = Purpose("eid_account", "69/2024/NĐ-CP")
FINGERS: Final = range(1, 11)
RIGHT_INDEX: Final = 2
#: Connections of dancu_biometric at a time.
_MOST_CONNECTIONS: Final = 2
_TABLE: Final = "cards.reference"
_VECTOR: Final = struct.Struct("<128f")


async def has_reference(conn: Conn, key: int, kind: SampleKind | str) -> bool:
    """Whether a sample of this kind ("face", "finger") is on file. Raises ValueError for another kind."""
    return any(reference.kind == SampleKind(kind) for reference in await references(conn, key))


async def references(conn: Conn, key: int) -> tuple[Reference, ...]:
    """Which samples there are of the person, and where they come from."""
    return tuple(
        Reference(SampleKind(kind), position, SampleSource(source), taken_on, demo)
        for kind, position, source, taken_on, demo in await store.known(conn, key)
    )


async def keep_reference(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, kind: SampleKind | str, image: bytes | PortraitCheck, *,
    source: SampleSource | str, taken_on: date, demo: bool = False, position: int = RIGHT_INDEX,
) -> int:  # fmt: skip
    """Keep a face (one only in the picture) or the print of finger `position` (1 to 10, the right index finger where the
    desk has one reader and one habit), in place of the one before.
    Returns the evidence entry. Raises Invalid for what cannot serve as a reference, NotAllowed and Unavailable as
    the log and the checker do."""
    kind = SampleKind(kind)
    rule = match_measure(kind, SYSTEM_CLOCK.today())
    if kind is SampleKind.FACE:
        face = await _face(image)
        picture, template, position = face.image, face.embedding, 0
    else:
        assert isinstance(image, bytes)
        if position not in FINGERS:
            raise Invalid("finger.position", "Hãy chọn ngón tay đã lấy vân.")
        picture, template = image, await _finger(image, rule)
    keys = _ring()
    sealed = Sealed(
        position, keys.encrypt(picture, table=_TABLE, row=key, column=f"image.{kind}.{position}"),
        keys.encrypt(template, table=_TABLE, row=key, column=f"template.{kind}.{position}"), rule.engine,
        SampleSource(source), taken_on, demo or source == SampleSource.DEMO,
    )  # fmt: skip
    return await store.keep(conn, actor, purpose, key, kind, sealed)


async def compare_faces(
    conn: Conn, key: int, image: bytes | PortraitCheck, *, actor: Actor = SYSTEM, purpose: Purpose = ACCOUNT,
    day: date | None = None,
) -> Match:  # fmt: skip
    """Compare a portrait with the person's reference, by the threshold of `day` (default: today). Recorded as a read by
    `actor`. Raises NotFound ("reference.none") where there is no reference, Invalid where the picture does not show
    one face, Exceeded and Unavailable as the checker does."""
    await _refuse_without(conn, key, SampleKind.FACE)
    rule = match_measure(SampleKind.FACE, day or SYSTEM_CLOCK.today())
    shown = (await _face(image)).embedding
    (kept,) = await _open(actor, purpose, key, SampleKind.FACE)
    template = await _template(kept, key, rule)
    score = cosine(_VECTOR.unpack(shown), _VECTOR.unpack(template))
    return Match(score >= rule.threshold, score, rule.threshold, _reference(SampleKind.FACE, kept))


async def compare_fingerprints(
    conn: Conn, key: int, image: bytes, *, position: int | None = None, actor: Actor = SYSTEM, purpose: Purpose = ACCOUNT,
    day: date | None = None,
) -> Match:  # fmt: skip
    """Compare a print with the person's reference of finger `position`, or where the reader does not say which finger it
    was, with each of the person's own: the best counts. Raises as `compare_faces`; Unavailable where this machine has
    no fingerprint matcher."""
    await _refuse_without(conn, key, SampleKind.FINGER)
    rule = match_measure(SampleKind.FINGER, day or SYSTEM_CLOCK.today())
    shown = await _finger(image, rule)
    matches = []
    for kept in await _open(actor, purpose, key, SampleKind.FINGER):
        if position not in (None, kept.position):
            continue
        told, _ = await engine().ask("fingers", shown, await _template(kept, key, rule))
        score = float(told["score"])
        matches.append(Match(score >= rule.threshold, score, rule.threshold, _reference(SampleKind.FINGER, kept)))
    if not matches:
        raise NotFound("reference.none", _NONE)
    return max(matches, key=lambda match: match.score)


async def show_face(actor: Actor, purpose: Purpose, key: int, permission: str) -> tuple[bytes, Reference]:
    """The reference portrait itself, for the eyes of an officer who decides: (picture, where it comes from). An entry of its own
    ("show_reference"), committed before this returns. Raises NotFound ("reference.none"), NotAllowed by `permission` and area."""
    async with _biometric() as biometric:
        word, found = await store.show_face(biometric, actor, purpose, key, permission)
    if word != "ok":
        raise NotAllowed("reference.not_allowed", N_("Bạn không được xem ảnh gốc của người này."))
    if found is None:
        raise NotFound("reference.none", _NONE)
    return _unsealed(found, key, SampleKind.FACE, "image"), _reference(SampleKind.FACE, found)


_NONE: Final = N_("Chưa có mẫu đối chiếu của người này. Hãy đối chiếu bằng thẻ và giấy tờ tại quầy.")


async def _refuse_without(conn: Conn, key: int, kind: SampleKind) -> None:
    if not await has_reference(conn, key, kind):
        raise NotFound("reference.none", _NONE)


async def _face(image: bytes | PortraitCheck) -> PortraitCheck:
    """A checked picture of exactly one face; that it is not sharp or straight the score will say."""
    check = image if isinstance(image, PortraitCheck) else await check_portrait(image)
    if check.face_count != 1:
        problem = next(p for p in check.problems if p.code in ("portrait.no_face", "portrait.many_faces"))
        raise Invalid(problem.code, problem.message, **dict(problem.params))
    return check


async def _finger(picture: bytes, rule: MatchMeasure) -> bytes:
    check_bytes(picture)
    told, (template,) = await engine().ask("finger", picture)
    if told["quality"] < rule.quality or not told["minutiae"]:
        raise Invalid("finger.quality", "Vân tay quá mờ. Hãy lau khô ngón tay, ấn nhẹ và lấy lại.")
    return template


async def _template(kept: Sealed, key: int, rule: MatchMeasure) -> bytes:
    """The kept template, or where another engine made it, one made anew from the picture."""
    kind = SampleKind(rule.kind)
    if kept.engine == rule.engine:
        return _unsealed(kept, key, kind, "template")
    picture = _unsealed(kept, key, kind, "image")
    return (await _face(picture)).embedding if kind is SampleKind.FACE else await _finger(picture, rule)


async def _open(actor: Actor, purpose: Purpose, key: int, kind: SampleKind) -> list[Sealed]:
    async with _biometric() as biometric:
        found = await store.read(biometric, actor, purpose, key, kind)
    if not found:
        raise NotFound("reference.none", _NONE)
    return found


_free: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


@asynccontextmanager
async def _biometric() -> AsyncIterator[Conn]:
    """A connection of dancu_biometric for one transaction; few at a time."""
    loop = asyncio.get_running_loop()
    if loop not in _free:
        _free[loop] = asyncio.Semaphore(_MOST_CONNECTIONS)
    async with _free[loop], connection("biometric") as conn:
        yield conn


def _ring() -> KeyRing:
    """Samples have keys of their own: the keys of other fields open none of them."""
    return _opened(data_dir() / "keys" / "biometric")


@lru_cache(maxsize=4)
def _opened(folder: Path) -> KeyRing:
    return KeyRing.open(folder)


def _unsealed(kept: Sealed, key: int, kind: SampleKind, part: str) -> bytes:
    field = kept.template if part == "template" else kept.image
    return _ring().decrypt(field, table=_TABLE, row=key, column=f"{part}.{kind}.{kept.position}")


def _reference(kind: SampleKind, kept: Sealed) -> Reference:
    return Reference(kind, kept.position, SampleSource(kept.source), kept.taken_on, kept.demo)
