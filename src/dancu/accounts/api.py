"""JSON API of accounts: a doorstep kit brings a trip home. Sealed records travel in bodies; what became of each is said by
its id, without anything about the person."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import Body, Path
from pydantic import BaseModel, ConfigDict, Field

from dancu.accounts.service import doorstep, kit
from dancu.kernel.errors import Invalid
from dancu.kit.i18n import N_
from dancu.kit.web import APIRouter, CurrentActor, DbConn, JSONResponse, Response, allow, public

router = APIRouter(prefix="/api/v1/eid/doorstep", tags=["doorstep"])
ENROL = allow("eid.enrol")
Id = Annotated[str, Field(pattern=r"^[0-9a-fA-F-]{36}$")]
_ID = "2f1c6a52-0d0f-4b7e-9a55-0e4f5a0c1d11"


TripPath = Annotated[str, Path(pattern=r"^[0-9a-fA-F-]{36}$", examples=[_ID])]


class BeginTrip(BaseModel):
    """`kit`: the kit's public key, 64 hexadecimal digits; `manifest`: ids of every record; `signature`: of both."""

    model_config = ConfigDict(extra="forbid")
    trip: Id
    kit: str = Field(max_length=64)
    manifest: list[Id] = Field(max_length=doorstep.MOST_RECORDS)
    signature: str = Field(max_length=128)


class Record(BaseModel):
    """`sealed`: base64."""

    model_config = ConfigDict(extra="forbid")
    id: Id
    sealed: str = Field(max_length=kit.LARGEST * 4 // 3 + 4)
    signature: str = Field(max_length=128)


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise Invalid("doorstep.hex", N_("Khóa và chữ ký ghi bằng số thập lục phân.")) from None


def state_as_json(state: doorstep.TripState) -> dict[str, Any]:
    """A trip as the API and the command tell it."""
    return {
        "trip": state.trip.trip_id,
        "settled": state.settled,
        "missing": list(state.missing),
        "records": [{"id": r.record_id, "state": r.state, "reasons": list(r.reasons), "visit": r.visit_id} for r in state.records],
    }


@router.get("/key", dependencies=[public()], summary="The public key doorstep kits seal to")
async def key() -> Response:
    """X25519, 64 hexadecimal digits."""
    return JSONResponse({"public_key": doorstep.centre_key().hex()})


@router.post("/trips", dependencies=[ENROL], summary="Announce a trip", response_class=JSONResponse)
async def begin(
    conn: DbConn, actor: CurrentActor,
    body: Annotated[
        BeginTrip,
        Body(openapi_examples={"a trip of one": {"value": {"trip": _ID, "kit": "ab" * 32, "manifest": [_ID], "signature": "cd" * 64}}}),
    ],
) -> Response:  # fmt: skip
    """Announcing the same trip again changes nothing; `missing` lists the records still to be sent."""
    state = await doorstep.begin(conn, actor, body.trip, _bytes(body.kit), body.manifest, _bytes(body.signature))
    return JSONResponse(state_as_json(state))


@router.post(
    "/trips/{trip}/records", dependencies=[ENROL], summary="Send one record of a trip", response_class=JSONResponse,
    max_body_size=kit.LARGEST * 4 // 3 + 10_000,
)  # fmt: skip
async def receive(
    conn: DbConn, actor: CurrentActor, trip: TripPath,
    body: Annotated[Record, Body(openapi_examples={"a record": {"value": {"id": _ID, "sealed": "AQID", "signature": "cd" * 64}}})],
) -> Response:  # fmt: skip
    """In any order, as often as the line drops. The last missing record settles the trip."""
    try:
        sealed = base64.b64decode(body.sealed, validate=True)
    except ValueError:  # binascii.Error, and letters beyond ASCII
        raise Invalid("doorstep.base64", N_("Bản ghi không phải base64.")) from None
    record = kit.SealedRecord(body.id, sealed, _bytes(body.signature))
    return JSONResponse(state_as_json(await doorstep.receive(conn, actor, trip, record)))


@router.get("/trips/{trip}", dependencies=[ENROL], summary="How far a trip is", response_class=JSONResponse)
async def show(conn: DbConn, actor: CurrentActor, trip: TripPath) -> Response:
    """What became of each record once the trip is settled."""
    return JSONResponse(state_as_json(await doorstep.state(conn, actor, trip)))
