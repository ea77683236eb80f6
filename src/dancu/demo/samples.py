"""Samples of the demonstration's people with cards: a drawn portrait and a made-up fingerprint, kept as the references of
their cards and labelled so; and the same face and finger taken once more, to try level 2 with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from dancu.demo.fingerprints import print_of
from dancu.demo.personas import BROTHER_IN_LAW_NUMBER, HEAD_NUMBER, HUSBAND_NUMBER, SISTER_NUMBER
from dancu.demo.portraits import portrait
from dancu.kernel.actor import SYSTEM, Purpose
from dancu.kernel.errors import NotFound
from dancu.kit.db import connection
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, Request, Response, public, render

router = APIRouter(include_in_schema=False, prefix="/demo")
PURPOSE: Final = Purpose("eid_account", "69/2024/NĐ-CP")


@dataclass(frozen=True, slots=True)
class Sample:
    """`seed` of face and finger; `taken_on`: the day the card was issued."""

    number: str
    name: str
    seed: int
    taken_on: date


# Seeds of faces that the matcher tells apart (pairwise below its threshold): drawings are more alike than people are.
SAMPLES: Final[Mapping[str, Sample]] = {
    "hoa": Sample(HEAD_NUMBER, "Trần Thị Hoà", 79, date(2022, 4, 5)),
    "minh": Sample(HUSBAND_NUMBER, "Nguyễn Văn Minh", 181, date(2021, 6, 18)),
    "thuy": Sample(SISTER_NUMBER, "Trần Thị Thu Thủy", 143, date(2021, 4, 12)),
    "bhuoch": Sample(BROTHER_IN_LAW_NUMBER, "Bhuốch", 117, date(2022, 1, 20)),
}
#: Somebody else, to see that a face that differs is refused.
STRANGER: Final = Sample("", "", 94, date(2022, 4, 5))


async def references() -> int:
    """Keep the references of all of them; how many persons. They replace those of an earlier run."""
    from dancu.cards import service as cards
    from dancu.cards.biometrics.engine import engine
    from dancu.population import service as population

    actor = replace(SYSTEM, request_id="demo.fill")
    kept = 0
    for sample in SAMPLES.values():
        face = await asyncio.to_thread(portrait, sample.seed)
        finger = await asyncio.to_thread(print_of, sample.seed)
        async with connection("app") as conn:
            for key in await population.keys_by_number(conn, sample.number):
                for kind, image in (("face", face), ("finger", finger)):
                    await cards.keep_reference(
                        conn, actor, PURPOSE, key, kind, image, source=cards.SampleSource.DEMO, taken_on=sample.taken_on, demo=True
                    )
                kept += 1
    await engine().close()  # this event loop ends here, and its child with it
    return kept


def _face(sample: Sample) -> bytes:
    return portrait(sample.seed, again=1)


def _finger(sample: Sample) -> bytes:
    return print_of(sample.seed, turned=6, shifted=(8, -6), noise=12)


_MAKERS: Final[Mapping[str, tuple[Callable[[Sample], bytes], str]]] = {
    "face.jpg": (_face, "image/jpeg"), "finger.png": (_finger, "image/png"),
}  # fmt: skip


def _only_in_a_demonstration(request: Request) -> None:
    if not request.app.state.settings.demo:
        raise NotFound("demo.off", N_("Chỉ bản trình diễn mới có trang này."))


@router.get("/samples", dependencies=[public()])
async def samples(request: Request) -> Response:
    _only_in_a_demonstration(request)
    return render(request, "demo/samples.html", base="base_citizen.html", samples=SAMPLES)


@router.get("/samples/{name}/{what}", dependencies=[public()])
async def sample(request: Request, name: str, what: str) -> Response:
    """A picture to upload: the face or finger once more, never the reference itself."""
    _only_in_a_demonstration(request)
    found = STRANGER if name == "stranger" else SAMPLES.get(name)
    if found is None or what not in _MAKERS:
        raise NotFound("demo.sample", N_("Không có mẫu này."))
    make, media = _MAKERS[what]
    image = await asyncio.to_thread(make, found)
    return Response(image, media_type=media, headers={"content-disposition": f'attachment; filename="{name}-{what}"'})
