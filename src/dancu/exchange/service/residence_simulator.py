"""For demonstrations: the texts that readers would give for the card of a sample person, as the registry knows the card."""

from __future__ import annotations

from dataclasses import dataclass

from dancu.exchange.ports import chip_simulator
from dancu.exchange.service import residence, ways
from dancu.kernel.actor import Actor
from dancu.kit.db import Conn, data_dir
from dancu.population import service as population
from dancu.population.service import words
from dancu.population.service.look import nobody
from dancu.population.service.verify import release


@dataclass(frozen=True, slots=True)
class SampleCard:
    qr: str
    chip: str


async def card(conn: Conn, actor: Actor, number: str) -> SampleCard:
    """Raises Invalid for a number of the wrong length, NotFound for one that names nobody."""
    population.check_number(number)
    why = residence.purpose_for("simulator")
    keys = await population.keys_by_number(conn, number)
    if not keys:
        raise nobody(actor, why)
    view = await release(conn, actor, why, keys[0], ways.FIELDS, permission=ways.permission_of(actor))
    who, birth, held = words.summary(view), view.birth, view.card
    issued = held.issued_on.strftime("%d/%m/%Y") if held and held.issued_on else ""
    until = held.expires_on.strftime("%d/%m/%Y") if held and held.expires_on else ""
    values = {1: who.number, 2: who.name, 3: who.birth, 4: who.sex, 5: who.nationality, 9: who.permanent, 11: issued, 12: until}
    born = f"{birth.day or 0:02}{birth.month or 0:02}{birth.year:04}" if birth and birth.year else ""
    sex = {"male": "Nam", "female": "Nữ"}.get(birth.sex or "" if birth else "", "")
    qr = "|".join((who.number, "", who.name, born, sex, who.permanent, issued.replace("/", "")))
    line = chip_simulator.of_demo(data_dir() / "keys").line({n: text for n, text in values.items() if text})
    return SampleCard(qr, line)
