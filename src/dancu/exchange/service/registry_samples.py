"""The example registry of GovStack's Digital Registries, for a demonstration: invented people, as its own examples name them."""

from __future__ import annotations

from typing import Final

from dancu.exchange.service import registries
from dancu.exchange.service.registries import Reader
from dancu.kernel.errors import NotFound
from dancu.kit.db import Conn

NAME: Final = "registryname"
EMPTY: Final = "registryempty"
VERSION: Final = "111"
_SCHEMA: Final = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "primaryKey": True, "description": "Citizen's identifier", "example": "EE378627348834", "id": 1},
        "firstName": {"type": "string", "id": 2}, "lastName": {"type": "string", "id": 3}, "birthCertificateId": {"type": "string", "id": 4},
    },
    "incrementIndex": 1, "required": ["id"],
}  # fmt: skip
# Numbers of registries that the standard's published tests ask after.
_ASKED_AFTER: Final = (123, 8438778473, 3287483474, 8484848484)
# (id, first name, last name, birth certificate): facts of the standard's published examples.
_RECORDS: Final = (
    ("EE378627348834", "John Helmut", "Smith Carry", "RR-1234567889"), ("EE378627348835", "John Helmut", "Smith", "RR-1234567890"),
    ("EE123627348834", "John", "Bon", "RR-3334537999"), ("EE378129127223", "Billy", "Johnson", "RR-1112223331"),
    ("EE390029120500", "Eva", "Smith", "EE6546273487865"), ("EE334569121212", "Alice", "Cooper", "RR-5465679230"),
    ("EE3784545277266", "Philip", "Red", "RR-30045370099"), ("EE34462734834865", "Alex", "Green", "RR-441124937"),
    ("EE61287673487865", "Alise", "Black", "RR-49075937"), ("EE6534523487865", "Zyra", "Blue", "RR-24523937"),
    ("EE378627348861", "Alina", "Gold", "RR-24523938"), ("EE378627348862", "Casandra", "Gold", "RR-24523939"),
    ("EE378627348863", "Olga", "Gold", "RR-24523940"), ("EE1112223331", "Billy", "Johnson", "RR-1112223331"),
    ("EE378627348855", "Bob", "Miller", "RR-24523941"), ("RR378627348834", "Jack", "Miller", "RR-24523942"),
    ("DD378627348834", "Thomas", "Miller", "RR-24523943"), ("80bcb084-fa17-11ed-be56-0242ac120002", "Mary", "Miller", "RR-24523944"),
    ("EE378129277266", "Anna", "Miller", "RR-24523945"), ("MCTS31", "Usha", "Bajaj", "RR-24523946"),
)  # fmt: skip


async def lay_down(conn: Conn, reader: Reader) -> None:
    """Make the example registries where they are not there yet; those that were ended since are there again, under their numbers."""
    for name in (NAME, EMPTY):
        try:
            await registries.find(conn, name, VERSION)
        except NotFound:
            if await registries.reopen(conn, reader, name, VERSION):
                continue
            await registries.define(conn, reader, name, VERSION, _SCHEMA, code="MCTS" if name == NAME else "MCTE", group="Mother and Child")
            for number, first, last, certificate in _RECORDS if name == NAME else ():
                content = {"id": number, "firstName": first, "lastName": last, "birthCertificateId": certificate}
                await registries.create(conn, reader, name, VERSION, content)
    for wanted in _ASKED_AFTER:
        if await registries.by_no(conn, wanted) is None and not await registries.reopen(conn, reader, f"registry-{wanted}", VERSION):
            await registries.lay_down(conn, reader, wanted, f"registry-{wanted}", VERSION, _SCHEMA)
