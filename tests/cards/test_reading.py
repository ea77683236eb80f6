"""A card held against the registry, through the API: an answer per field, and whether it is the card in force."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dancu.cards.parsing import read_text, write_mrz, write_qr
from dancu.population import service as population
from dancu.population.models import CardKind
from tests.cards.test_parsing import MRZ, QR
from tests.cards.web import served

NUMBER = "049190012345"
WHY = {"purpose": "identity_check", "legal_basis": "26/2023/QH15"}


@pytest.fixture(scope="module")
async def holder(registry, officers) -> int:  # type: ignore[no-untyped-def]
    import psycopg

    from tests.population.conftest import Office

    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        office = Office(conn, officers["ward_police"], officers["civil_status_clerk"])
        key = await office.person("Trần Thị Hoà", number=NUMBER)
        await office(
            population.issue_card, key, kind=CardKind.CHIP, number=NUMBER, issued_on=date(2025, 8, 2), expires_on=date(2030, 4, 12)
        )
        return key


@pytest.fixture
async def client(holder, registry):  # type: ignore[no-untyped-def]
    async with served(registry) as made:
        yield made


async def read(client: Any, text: str, **more: str) -> Any:
    answer = await client.post("/api/v1/cards/read", json={"text": text, **WHY, **more})
    return answer.status_code, answer.json()


async def test_the_card_in_force(client):
    status, said = await read(client, QR.replace("05042022", "02082025").replace("205123456", ""))
    assert status == 200
    assert (said["kind"], said["number"], said["birth"], said["degraded"]) == ("qr", NUMBER, "1990-04-12", [])
    assert said["registry"] == {
        "found": True, "alive": True, "agrees": True, "card": "same",
        "fields": {"name": "yes", "birth": "yes", "sex": "yes"},
    }  # fmt: skip


async def test_a_card_of_before_is_told_apart_and_a_zone_reads_as_well(client):
    _, said = await read(client, QR)
    assert (said["registry"]["card"], said["registry"]["agrees"]) == ("other", False)
    _, zone = await read(client, MRZ)
    assert (zone["kind"], zone["registry"]["card"], zone["registry"]["fields"]["name"]) == ("mrz", "same", "close")


async def test_a_card_of_somebody_else_with_this_number(client):
    _, said = await read(client, QR.replace("Trần Thị Hoà", "Phạm Văn Xuân").replace("12041990", "13051971"))
    assert (said["registry"]["fields"]["name"], said["registry"]["fields"]["birth"]) == ("no", "no")
    assert not said["registry"]["agrees"]
    assert "person.number.year" in [finding["code"] for finding in said["findings"]]


async def test_a_number_nobody_has_is_an_answer_and_a_typed_number_has_no_fields(client):
    _, said = await read(client, QR.replace(NUMBER, "049190099999"))
    assert said["registry"] == {"found": False, "alive": None, "agrees": False, "fields": {}, "card": "unknown"}
    _, typed = await read(client, NUMBER)
    assert (typed["kind"], typed["registry"]["found"], typed["registry"]["fields"]) == ("number", True, {})


async def test_what_cannot_be_read_is_a_problem_in_words(client):
    status, said = await read(client, "https://example.vn")
    assert (status, said["code"]) == (422, "card.text.unknown")
    status, said = await read(client, MRZ.replace("9004126", "9004127"))
    assert (status, said["code"]) == (422, "card.mrz.check")
    status, said = await read(client, QR, purpose="curiosity")
    assert status == 422


async def test_who_looked_is_on_record(client, admin, holder):
    count = "SELECT count(*) FROM audit.pending WHERE subject = %s AND purpose = 'identity_check' AND action = 'read'"
    before = (await (await admin.execute(count, (holder,))).fetchone())[0]
    await read(client, QR)
    await admin.commit()
    assert (await (await admin.execute(count, (holder,))).fetchone())[0] > before


async def test_a_session_without_the_right_reads_nothing(registry, holder):
    async with served(registry, "auditor") as client:
        status, said = await read(client, QR)
        assert (status, said["code"]) == (403, "permission.missing")


def test_both_texts_of_one_card_say_the_same():
    card = read_text(QR)
    assert read_text(write_mrz(card)).number == read_text(write_qr(card)).number
