"""SPDCI's dialect gives no more than was agreed, and nothing to who was stopped meanwhile."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from dancu.exchange.endpoints.dialects.callers import DEMO_REASON
from dancu.exchange.service import partners, spdci
from dancu.exchange.service.receipts import AnswerKeys
from dancu.exchange.service.registries import Reader
from dancu.exchange.service.spdci import callbacks
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.keys import KeyRing
from dancu.kit.outbound import rules
from dancu.population import service as population
from dancu.sharing.models import DataTerms
from dancu.sharing.service import data_agreements
from tests.exchange.calling import OPERATOR, WHY, csr_of
from tests.exchange.receiver import Receiver
from tests.exchange.test_spdci import by_number, header, searching
from tests.exchange.test_spdci import spdci as spdci_clients  # noqa: F401
from tests.exchange.test_spdci_signature import SEARCH, Program, proxied
from tests.population.conftest import app, clerk, office, officers, place, police, registry  # noqa: F401

pytestmark = pytest.mark.asyncio
NUMBER, OTHER = "049190019001", "049190019002"


async def test_a_record_holds_what_was_agreed_and_its_evidence_says(office):  # type: ignore[no-untyped-def]
    head = await office.person("Trần Thị Thỏa Thuận", number=NUMBER)
    guest = await office.person("Võ Văn Cùng Hộ", number=OTHER)
    await office(population.create_household, head, place=place(), since=date(2026, 1, 1), members={guest: "child"})

    async def found(request_id, *fields, **more):  # type: ignore[no-untyped-def]
        reader = Reader(replace(OPERATOR, request_id=request_id), DEMO_REASON, "spdci/x", frozenset(fields))
        whole, _ = await spdci.search(office.conn, reader, searching({**by_number(NUMBER), **more}), "c")
        (record,) = whole["search_response"][0]["data"]["reg_records"]
        return record

    by_name = await found("spdci-name", "name")
    assert by_name["name"]["surname"] == "Trần" and NUMBER not in str(by_name) and by_name["birth_date"] == ""
    assert (await found("spdci-number", "personal_id"))["identifier"]["identifier_value"] == NUMBER

    group = {"response_entity": "Group"}
    everything = ("personal_id", "name", "birth", "sex", "address", "marital", "household", "members")
    home = await found("spdci-group", *everything, **group)
    # Members by name alone, as their own evidence says; the head was not agreed on, the others' numbers and addresses neither.
    assert sorted(one["demographic_info"]["name"]["surname"] for one in home["member_list"]) == ["Trần", "Võ"] and home["group_head_info"] == {}
    assert not {NUMBER, OTHER} & set(str(home).split("'")) and all(one["demographic_info"]["birth_date"] == "" for one in home["member_list"])
    only_head = await found("spdci-head", "head", **group)
    assert only_head["group_head_info"]["demographic_info"]["name"]["surname"] == "Trần" and only_head["member_list"] == []
    nothing = await found("spdci-none", "name", **group)
    assert nothing["member_list"] == [] and nothing["group_identifier"][0]["identifier_value"] == ""


async def test_an_answer_does_not_leave_to_who_was_stopped(registry, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))

    @asynccontextmanager
    async def connect():  # type: ignore[no-untyped-def]
        async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as conn:
            yield conn

    keys, ring = AnswerKeys(tmp_path / "exchange"), KeyRing.open(tmp_path)
    async with Receiver() as receiver, await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        added = await partners.add(
            conn, OPERATOR, "Cơ quan bị dừng", csr_of(ec.generate_private_key(ec.SECP256R1())), kind="ministry", live=True, base="http://localhost"
        )
        head = {"sender_id": "dancu", "action": "on-search"}
        await callbacks.keep(conn, ring, f"{added.org_code}|spp", "m-1", "on-search", receiver.url, head, {"search_response": []})
        await partners.suspend(conn, OPERATOR, added.org_code, "Nghi lộ khóa")
        await conn.commit()
        sending = callbacks.Callbacks(connect, rules(f"inside:127.0.0.1:{receiver.port}"), keys, ring)

        async def sent(state):  # type: ignore[no-untyped-def]
            async with await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
                await admin.execute("UPDATE exchange.dialect_callback SET due_at = now() WHERE message_id = 'm-1'")
                await sending.look()
                await sending.settled()
                row = await (await admin.execute("SELECT error, delivered_at IS NOT NULL FROM exchange.dialect_callback WHERE message_id = 'm-1'")).fetchone()
                assert (row, len(receiver.got)) == state

        await sent((("stopped", False), 0))
        await partners.resume(conn, OPERATOR, added.org_code)
        await conn.commit()
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
            hold = "INSERT INTO exchange.hold (client_no, until, rule) VALUES (%s, clock_timestamp() + interval '1 hour', 'program_burst')"
            await admin.execute(hold, (added.client_no,))
        await sent((("stopped", False), 0))
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
            await admin.execute("UPDATE exchange.hold SET lifted_at = now() WHERE client_no = %s", (added.client_no,))
        await sent((("", True), 1))


async def test_what_the_door_asks_of_a_program_this_door_asks_too(registry, spdci_clients, tmp_path, monkeypatch):  # type: ignore[no-untyped-def]
    """The quota counts the people asked about, not the messages; a program of the sandbox hears of nobody."""
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    key, today = ec.generate_private_key(ec.SECP256R1()), SYSTEM_CLOCK.today()
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as conn:
        added = await partners.add(conn, OPERATOR, "Cơ quan hỏi nhiều", csr_of(key), kind="ministry", live=True, base="http://localhost")
        terms = DataTerms(added.org_code, "registry", frozenset({"name"}), {WHY.purpose: WHY.legal_basis}, (today, date(today.year + 1, 12, 31)), quota_day=4)
        await data_agreements.grant(conn, OPERATOR, terms)
    program = Program(key, added.certificate_pem)

    async def asked(*references):  # type: ignore[no-untyped-def]
        client = await proxied(spdci_clients, tmp_path, monkeypatch)
        head, message = header("search"), searching(by_number("001099000001"))
        message["search_request"] = [{**message["search_request"][0], "reference_id": one} for one in references]
        return await client.post(SEARCH, json={"signature": program.sign(head, message), "header": head, "message": message}, headers=program.headers)

    assert (await asked("a", "b", "c")).status_code == 200
    many = await asked("a", "b", "c")
    assert (many.status_code, many.json()["errors"][0]["code"]) == (429, "err.request.too_many_requests")
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
        await admin.execute("UPDATE exchange.system SET environment = 'sandbox' WHERE client_no = %s", (added.client_no,))
    sandboxed = await asked("a")
    assert (sandboxed.status_code, sandboxed.json()["errors"][0]) == (403, {"code": "err.request.forbidden", "message": "exchange.environment"})
