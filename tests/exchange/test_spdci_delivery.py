"""SPDCI's callbacks and notifications: kept until taken, signed, refused ones put aside, nothing lost and nothing left lying."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from dancu.exchange.service.delivery import Deliverer
from dancu.exchange.service.receipts import AnswerKeys
from dancu.exchange.service.spdci import envelope, retention
from dancu.exchange.service.spdci.callbacks import Callbacks
from dancu.exchange.service.spdci.notify import Teller
from dancu.exchange.store import subscriptions as store
from dancu.kit.keys import KeyRing
from dancu.kit.outbound import rules
from tests.exchange.receiver import Receiver
from tests.exchange.test_delivery import DIED, happened
from tests.exchange.test_spdci import NOW, ask, by_number, heard, searching, spdci  # noqa: F401
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401

pytestmark = pytest.mark.asyncio
_numbers = itertools.count(20_000)


@pytest.fixture
async def person(office):  # type: ignore[no-untyped-def]
    """(key, personal number) of somebody newly registered."""
    number = f"0491900{next(_numbers):05d}"
    key = await office.person(number=number)
    await office.conn.commit()
    return key, number


@pytest.fixture
def someone(person):  # type: ignore[no-untyped-def]
    return person[1]


def subscribing(number, event="spdci-common:RegistryEventType:Death", **more):  # type: ignore[no-untyped-def]
    criteria = {"reg_event_type": event, "filter": {"type": "UIN", "value": number}, "notify_record_type": "spdci-extensions-dci:Person", **more}
    return {"transaction_id": "t-subscribing", "subscribe_request": [{"reference_id": "s1", "timestamp": NOW, "subscribe_criteria": criteria}]}


@pytest.fixture
def worker(registry, tmp_path):  # type: ignore[no-untyped-def]
    """The worker's two deliverers, which may call this port."""

    @asynccontextmanager
    async def connect():  # type: ignore[no-untyped-def]
        async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as conn:
            yield conn

    def make(port):  # type: ignore[no-untyped-def]
        keys, allowed = AnswerKeys(tmp_path / "keys" / "exchange"), rules(f"inside:127.0.0.1:{port}")
        return (Deliverer(connect, allowed, keys.sign_request, "https://dancu.example", tellers={"spdci": Teller(keys)}),
                Callbacks(connect, allowed, keys, KeyRing.open(tmp_path / "keys")), keys)  # fmt: skip

    return make


async def test_a_subscriber_is_notified_until_it_ends_the_subscription(spdci, person, registry, worker):  # type: ignore[no-untyped-def]
    async with Receiver() as receiver, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        key, someone = person
        client = await spdci(outbound=f"inside:127.0.0.1:{receiver.port}")
        await ask(client, subscribing(someone), "/registry/subscribe", "subscribe", sender_uri=receiver.url)
        (one,) = (await heard(receiver))["message"]["subscribe_response"]
        code = one["subscriptions"][0]["code"]
        await happened(admin, (DIED, key, {}), ("population.person.moved", key, {"kind": "permanent"}), (DIED, key + 1, {}))
        deliverer, _, keys = worker(receiver.port)
        await deliverer.look()
        await deliverer.settled()
        (said,) = receiver.got
        assert said["header"]["action"] == "notify" and said["header"]["meta"] == {"subscription_code": code}
        assert said["message"]["transaction_id"] == "t-subscribing"
        (event,) = said["message"]["notify_event"]
        assert event["data"]["reg_event_type"] == "spdci-common:RegistryEventType:Death"
        assert event["data"]["reg_records"]["identifier"] == {"@type": "Identifier", "identifier_type": "UIN", "identifier_value": someone}
        # Signed with the platform's key, over header and message; and the request as every webhook.
        envelope.check(envelope.read(said["signature"]), keys.current().signer.verifier, said["header"], said["message"], time.time())
        assert "signature-input" in receiver.headers
        # What the subscriber refuses inside a 200 is put aside, and the next is still told.
        receiver.got.clear()
        receiver.said = json.dumps({"message": {"ack_status": "ERR"}}).encode()
        await happened(admin, (DIED, key, {}))
        await deliverer.look()
        await deliverer.settled()
        (letter,) = await store.dead_letters(admin, code)
        assert letter.error == "refused by the subscriber"
        receiver.said = b""
        receiver.got.clear()
        leaving = {"transaction_id": "t4", "timestamp": NOW, "subscription_codes": [code]}
        await ask(client, leaving, "/registry/unsubscribe", "unsubscribe", sender_uri=receiver.url)
        assert (await heard(receiver))["message"]["subscription_status"] == [{"code": code, "status": "unsubscribe"}]
        await ask(client, {**leaving, "transaction_id": "t5"}, "/registry/unsubscribe", "unsubscribe", sender_uri=receiver.url)
        again = (await heard(receiver))["message"]
        assert (again["status"], again["status_reason_code"]) == ("rjct", "rjct.event.already_unsubscribed")
        receiver.got.clear()
        await happened(admin, (DIED, key, {}))
        await deliverer.look()
        await deliverer.settled()
        await deliverer.close()
        assert receiver.got == []
        left = await (await admin.execute("SELECT count(*) FROM exchange.relation WHERE ref = %s", (f"spdci:{code}",))).fetchone()
        assert left == (0,)


async def test_a_wrong_code_among_right_ones_keeps_nobody_subscribed(spdci, someone, registry):  # type: ignore[no-untyped-def]
    async with Receiver() as receiver:
        client = await spdci(outbound=f"inside:127.0.0.1:{receiver.port}")
        await ask(client, subscribing(someone), "/registry/subscribe", "subscribe", sender_uri=receiver.url)
        code = (await heard(receiver))["message"]["subscribe_response"][0]["subscriptions"][0]["code"]
        for codes, status, told in ((["unknown"], "rjct", None), ([code, "unknown"], "succ", [{"code": code, "status": "unsubscribe"}])):
            receiver.got.clear()
            leaving = {"transaction_id": f"t-{status}", "timestamp": NOW, "subscription_codes": codes}
            await ask(client, leaving, "/registry/unsubscribe", "unsubscribe", sender_uri=receiver.url)
            said = (await heard(receiver))["message"]
            assert (said["status"], said["status_reason_code"], said.get("subscription_status")) == (status, "rjct.subscription_code.invalid", told)
        async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as admin:
            row = await (await admin.execute("SELECT state FROM exchange.subscription WHERE subscription_id = %s::uuid", (code,))).fetchone()
        assert row == ("ended",)


@pytest.mark.parametrize(("changes", "code"), [
    ({"event": "ns:Adoption"}, "rjct.notify_types.invalid"),
    ({"number": "1"}, "rjct.person_id.invalid"),
    ({"number": "001099000001"}, "rjct.person_id.invalid"),
    ({"filter": [{"expression1": {"attribute_name": "age", "operator": "lt", "attribute_value": 5}}]}, "rjct.notify_details.invalid"),
    ({"frequency": {"start_time": NOW, "end_time": NOW, "frequency": "0 0 0 * * ? *"}}, "rjct.notify_details.invalid"),
])  # fmt: skip
async def test_nobody_listens_to_all(spdci, someone, changes, code):  # type: ignore[no-untyped-def]
    async with Receiver() as receiver:
        client = await spdci(outbound=f"inside:127.0.0.1:{receiver.port}")
        await ask(client, subscribing(changes.get("number", someone), **{k: v for k, v in changes.items() if k != "number"}), "/registry/subscribe", "subscribe", sender_uri=receiver.url)
        (one,) = (await heard(receiver))["message"]["subscribe_response"]
        assert (one["status"], one["status_reason_code"]) == ("rjct", code)


async def test_an_answer_waits_sealed_until_it_is_taken(spdci, someone, registry, worker):  # type: ignore[no-untyped-def]
    async with Receiver(lambda _: 503) as receiver, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        client = await spdci(outbound=f"inside:127.0.0.1:{receiver.port}")
        await ask(client, searching(by_number(someone)), "/registry/search", sender_id="patient.example.org", sender_uri=receiver.url)
        found = "SELECT tries, sealed, delivered_at IS NOT NULL, dead_at IS NOT NULL, error FROM exchange.dialect_callback WHERE sender = 'patient.example.org'"
        for _ in range(100):
            tries, sealed, *_ = await (await admin.execute(found)).fetchone()  # type: ignore[misc]
            if tries:
                break
            await asyncio.sleep(0.05)
        assert tries >= 1 and someone.encode() not in bytes(sealed)
        receiver.answer = lambda _: 200
        await admin.execute("UPDATE exchange.dialect_callback SET due_at = now() WHERE sealed IS NOT NULL")
        # Another process: the one that took the question may be gone.
        _, callbacks, _ = worker(receiver.port)
        await callbacks.look()
        await callbacks.settled()
        said = await heard(receiver)
        (one,) = said["message"]["search_response"]
        assert one["data"]["reg_records"][0]["identifier"]["identifier_value"] == someone
        assert (await (await admin.execute(found)).fetchone())[1:4] == (None, True, False)  # type: ignore[index]


async def test_a_refused_answer_is_a_dead_letter_without_its_data(spdci, someone, registry):  # type: ignore[no-untyped-def]
    async with Receiver(lambda _: 422) as receiver, await psycopg.AsyncConnection.connect(registry.dsn("admin"), autocommit=True) as admin:
        client = await spdci(outbound=f"inside:127.0.0.1:{receiver.port}")
        await ask(client, searching(by_number(someone)), "/registry/search", sender_id="refusing.example.org", sender_uri=receiver.url)
        for _ in range(100):
            row = await (await admin.execute("SELECT sealed, dead_at IS NOT NULL, error FROM exchange.dialect_callback WHERE sender = 'refusing.example.org'")).fetchone()
            if row[1]:  # type: ignore[index]
                break
            await asyncio.sleep(0.05)
        assert row == (None, True, "refused")


async def test_messages_are_kept_for_their_time_and_no_longer(spdci, someone, registry):  # type: ignore[no-untyped-def]
    await ask(await spdci(), searching(by_number(someone)))
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        (there,) = await (await conn.execute("SELECT count(*) FROM exchange.dialect_message")).fetchone()
        settled = "INSERT INTO exchange.dialect_callback (sender, message_id, action, url, sealed, made_at, dead_at) VALUES ('old', %s, 'a', 'http://x', %s, %s, %s)"
        for name, sealed, dead in (("waits", b"x", None), ("dead", None, retention.SYSTEM_CLOCK.now())):
            await conn.execute(settled, (name, sealed, retention.SYSTEM_CLOCK.now() - timedelta(days=91), dead))
        for days in (91, 89):
            await conn.execute(
                "INSERT INTO exchange.dialect_message (sender, message_id, transaction_id, correlation_id, kind, at)"
                " VALUES ('old', %s, 't', 'c', 'search', now() - %s)", (f"{days}", timedelta(days=days)),
            )  # fmt: skip
    async with await psycopg.AsyncConnection.connect(registry.dsn("worker")) as conn:
        assert await retention.forget(conn) == 2
        assert await retention.forget(conn) == 0
        left = await (await conn.execute("SELECT message_id FROM exchange.dialect_message WHERE sender = 'old'")).fetchall()
        waits = await (await conn.execute("SELECT message_id FROM exchange.dialect_callback WHERE sender = 'old'")).fetchall()
        (still,) = await (await conn.execute("SELECT count(*) FROM exchange.dialect_message WHERE sender <> 'old'")).fetchone()
    assert left == [("89",)] and waits == [("waits",)] and still == there >= 1
    async with await psycopg.AsyncConnection.connect(registry.dsn("admin")) as conn:
        await conn.execute("DELETE FROM exchange.dialect_callback WHERE sender = 'old'")
