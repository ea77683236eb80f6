"""Events reach their subscribers: in order, at least once, each at its own pace, nothing lost."""

from __future__ import annotations

import asyncio
import json
import uuid
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import psycopg
import pytest

from dancu.exchange.rules import KINDS, topics_of
from dancu.exchange.service import delivery
from dancu.exchange.service.delivery import Deliverer
from dancu.exchange.store import subscriptions as store
from dancu.kit.outbound import rules
from tests.conftest import Database
from tests.exchange.receiver import Receiver

pytestmark = pytest.mark.asyncio
ORG = "bhxh"
BASIS = "278/2025/NĐ-CP"


@pytest.fixture
async def place(make_database):  # type: ignore[no-untyped-def]
    """A database with one live partner, its system, an agreement for events and persons 1..30 it has a relation to."""
    database: Database = make_database()
    async with await psycopg.AsyncConnection.connect(database.dsn("admin"), autocommit=True) as admin:
        from dancu.access import service as access

        await access.sync_catalogue(admin)
        await admin.execute("INSERT INTO access.organisation (org_code, name, kind, valid) VALUES (%s, 'BHXH', 'government', '[2020-01-01,)')", (ORG,))
        await admin.execute("INSERT INTO exchange.partner (org_code, state) VALUES (%s, 'live')", (ORG,))
        await admin.execute("INSERT INTO exchange.system (client_no, org_code, name) VALUES (7, %s, 'x')", (ORG,))
        await admin.execute(
            "INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, state, proposed_by, proposed_org,"
            " proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed) VALUES (%s, 'events', 1, '{life}',"
            " jsonb_build_object('data_sharing', %s::text), '[2020-01-01,2099-01-01)', 'in_force', 0, 'x', now(), 1, 0, 'x', now(), 1, 'x')",
            (ORG, BASIS),
        )
        await admin.execute("INSERT INTO exchange.relation (person_key, org_code, ref) SELECT k, %s, 'ref-' || k FROM generate_series(1, 30) k", (ORG,))
        yield database, admin


async def subscription(admin, url, *, kinds=("death",), batch=100):  # type: ignore[no-untyped-def]
    from dancu.exchange.models.subscription import Mode, Subscription

    now = datetime.now(UTC)
    sub = Subscription(str(uuid.uuid4()), ORG, 7, tuple(kinds), "data_sharing", BASIS, Mode.PUSH, url, batch, "active",
                       await store.head(admin), 0, now, None, None, 0, "", now)  # fmt: skip
    await store.insert(admin, sub, *topics_of(kinds), sorted({KINDS[kind].field for kind in kinds}))
    return sub


async def happened(admin, *events):  # type: ignore[no-untyped-def]
    """(topic, person, payload) as numbered events."""
    for topic, key, payload in events:
        await admin.execute(
            "WITH h AS (UPDATE kit.event_head SET seq = seq + 1 RETURNING seq) INSERT INTO kit.event (seq, topic, person_key, payload, at)"
            " SELECT seq, %s, %s, %s::jsonb, clock_timestamp() FROM h",
            (topic, key, json.dumps(payload)),
        )


def deliverer(database, receivers, sign=lambda *a: {"content-type": a[2]}):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def connect():  # type: ignore[no-untyped-def]
        async with await psycopg.AsyncConnection.connect(database.dsn("worker")) as conn:
            yield conn

    allowed = rules(",".join(f"inside:127.0.0.1:{port}" for port in receivers))
    return Deliverer(connect, allowed, sign, "https://dancu.example")


DIED = "population.person.died"
MOVED = "population.person.moved"


async def test_only_agreed_kinds_of_related_persons_in_order(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver() as receiver:
        sub = await subscription(admin, receiver.url)
        await happened(
            admin, (DIED, 1, {}), (MOVED, 1, {"kind": "permanent"}), (DIED, 99, {}), ("population.person.death_undone", 1, {}), (DIED, 2, {}),
            ("population.person.corrected", 3, {"groups": ["birth_name"]}), ("population.person.corrected", 4, {"groups": ["life_status"]}),
        )  # fmt: skip
        worker = deliverer(database, [receiver.port])
        await worker.look()
        await worker.settled()
        await worker.close()
    assert [(e["subject"], e["type"]) for e in receiver.got] == [
        ("ref-1", "vn.dancu.person.died"), ("ref-1", "vn.dancu.person.death_undone"), ("ref-2", "vn.dancu.person.died"),
        ("ref-4", "vn.dancu.person.corrected"),
    ]  # fmt: skip
    assert all(e["specversion"] == "1.0" and e["source"] == "https://dancu.example/exchange/population" for e in receiver.got)
    found = await store.find(admin, ORG, sub.subscription_id)
    assert found is not None and found.place == await store.head(admin) and found.delivered == 4
    rows = await (await admin.execute("SELECT subject, actor_kind, org_code, fields FROM audit.pending WHERE note->>'verb' = 'event' ORDER BY entry_id")).fetchall()
    assert rows == [(1, "client", ORG, ["life"]), (1, "client", ORG, ["life"]), (2, "client", ORG, ["life"]), (4, "client", ORG, ["name"])]


async def test_evidence_is_written_once_before_the_first_try(place):  # type: ignore[no-untyped-def]
    database, admin = place
    seen: list[int] = []

    async with Receiver() as receiver:

        def down(events):  # type: ignore[no-untyped-def]
            with psycopg.connect(database.dsn("admin")) as conn:
                seen.append(conn.execute("SELECT count(*) FROM audit.pending WHERE note->>'verb' = 'event'").fetchone()[0])  # type: ignore[index]
            return 503 if len(seen) < 3 else 204

        receiver.answer = down
        await subscription(admin, receiver.url)
        await happened(admin, (DIED, 1, {}))
        worker = deliverer(database, [receiver.port])
        for _ in range(3):
            await worker.look()
            await worker.settled()
            await admin.execute("UPDATE exchange.subscription SET due_at = now()")
        await worker.close()
    assert seen == [1, 1, 1]
    assert [e["subject"] for e in receiver.got] == ["ref-1"]


async def test_a_dead_subscriber_delays_nobody(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver() as good, Receiver(delay=60) as dead:
        await subscription(admin, dead.url)
        await subscription(admin, good.url)
        await happened(admin, *[(DIED, key, {}) for key in range(1, 21)])
        worker = deliverer(database, [good.port, dead.port])
        started = asyncio.get_running_loop().time()
        await worker.look()
        while len(good.got) < 20:
            assert asyncio.get_running_loop().time() - started < 8
            await asyncio.sleep(0.02)
        await happened(admin, (DIED, 21, {}))
        while len(good.got) < 21:
            await worker.look()
            assert asyncio.get_running_loop().time() - started < 8
            await asyncio.sleep(0.05)
        await worker.close()
    assert dead.got == []


async def test_a_refused_event_goes_to_the_dead_letters_and_the_others_arrive(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver(lambda events: 422 if any(e["subject"] == "ref-2" for e in events) else 200) as receiver:
        sub = await subscription(admin, receiver.url)
        await happened(admin, *[(DIED, key, {}) for key in (1, 2, 3)])
        worker = deliverer(database, [receiver.port])
        await worker.look()
        await worker.settled()
        await worker.close()
        assert [e["subject"] for e in receiver.got] == ["ref-1", "ref-3"]
        (letter,) = await store.dead_letters(admin, sub.subscription_id)
        found = await store.find(admin, ORG, sub.subscription_id)
        assert found is not None and found.delivered == 2, "a refused event was not delivered"
        receiver.answer = lambda events: 200

        @asynccontextmanager
        async def connect():  # type: ignore[no-untyped-def]
            async with await psycopg.AsyncConnection.connect(database.dsn("app"), autocommit=True) as conn:
                yield conn

        allowed = rules(f"inside:127.0.0.1:{receiver.port}")
        outcome = await delivery.redeliver(connect, sub, letter.seq, allowed, lambda *a: {"content-type": a[2]}, "https://dancu.example")
        assert outcome == "" and receiver.got[-1]["subject"] == "ref-2"
    assert (await store.dead_letters(admin, sub.subscription_id))[0].settled_how == "delivered"


async def test_a_replay_that_delivers_a_refused_event_settles_it(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver(lambda events: 422) as receiver:
        sub = await subscription(admin, receiver.url)
        await happened(admin, *[(DIED, key, {}) for key in (1, 2, 3)])
        worker = deliverer(database, [receiver.port])
        waiting = []
        for wanted in ({"ref-1", "ref-2", "ref-3"}, {"ref-3"}, set()):  # refused one by one; then one of them; then taken as one batch
            receiver.answer = lambda events, no=wanted: 422 if any(e["subject"] in no for e in events) else 200
            await store.replay(admin, sub.subscription_id, sub.place)
            await worker.look()
            await worker.settled()
            waiting.append(sum(letter.settled_at is None for letter in await store.dead_letters(admin, sub.subscription_id)))
        await worker.close()
    assert waiting == [3, 1, 0]
    assert {letter.settled_how for letter in await store.dead_letters(admin, sub.subscription_id)} == {"delivered"}


async def test_suspension_and_an_ended_agreement_stop_deliveries(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver() as receiver:
        await subscription(admin, receiver.url)
        await happened(admin, (DIED, 1, {}))
        worker = deliverer(database, [receiver.port])
        await admin.execute("UPDATE exchange.partner SET state = 'suspended', reason = 'x', before = 'live'")
        await worker.look()
        await worker.settled()
        assert receiver.calls == 0
        await admin.execute("UPDATE exchange.partner SET state = 'live', reason = '', before = NULL")
        await admin.execute("UPDATE sharing.data_agreement SET valid = '[2020-01-01,2021-01-01)'")
        await worker.look()
        await worker.settled()
        assert receiver.calls == 0
        await admin.execute("UPDATE sharing.data_agreement SET valid = '[2020-01-01,2099-01-01)', fields = array_remove(fields, 'life')")
        await worker.look()
        await worker.settled()
        assert receiver.calls == 0  # a death is told of only where "life" is agreed on
        await admin.execute("UPDATE sharing.data_agreement SET fields = fields || '{life}'")
        await worker.look()
        await worker.settled()
        await worker.close()
    assert [e["subject"] for e in receiver.got] == ["ref-1"]


async def test_a_program_that_an_alert_holds_hears_nothing_until_it_is_let_go(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver() as receiver:
        sub = await subscription(admin, receiver.url, batch=1)
        await happened(admin, (DIED, 1, {}), (DIED, 2, {}), (DIED, 3, {}))
        worker = deliverer(database, [receiver.port])

        def hold(events):  # type: ignore[no-untyped-def]
            """While the first event is being taken."""
            with psycopg.connect(database.dsn("admin")) as conn:
                conn.execute("INSERT INTO exchange.hold (client_no, until, rule) VALUES (7, now() + interval '1 hour', 'program_burst')")
            receiver.answer = lambda events: 204
            return 204

        receiver.answer = hold
        await worker.look()
        await worker.settled()
        assert [e["subject"] for e in receiver.got] == ["ref-1"], "what was under way stops too"
        await worker.look()
        await worker.settled()
        found = await store.find(admin, ORG, sub.subscription_id)
        assert len(receiver.got) == 1 and found is not None and found.state == "active" and found.place < await store.head(admin)
        noted = await (await admin.execute("SELECT count(*) FROM audit.pending WHERE note->>'verb' = 'event'")).fetchone()
        assert noted == (1,), "nobody's list says what did not leave"
        async with await psycopg.AsyncConnection.connect(database.dsn("app")) as app:
            assert await store.next_events(app, sub.subscription_id, 0, 100) == ([], 0)
        await admin.execute("UPDATE exchange.hold SET lifted_at = now()")
        await worker.look()
        await worker.settled()
        await worker.close()
    assert [e["subject"] for e in receiver.got] == ["ref-1", "ref-2", "ref-3"]


async def test_no_news_without_the_consent_the_law_asks_for(place):  # type: ignore[no-untyped-def]
    """Law 91/2025/QH15: an agreement that is older than it goes on being in force, and enterprises hear by consent alone."""
    database, admin = place
    async with Receiver() as receiver:
        sub = await subscription(admin, receiver.url)
        await happened(admin, (DIED, 1, {}))
        for kind, heard in (("enterprise", 0), ("government", 1)):
            await admin.execute("UPDATE sharing.data_agreement SET org_kind = %s WHERE org_code = %s", (kind, ORG))
            worker = deliverer(database, [receiver.port])
            await worker.look()
            await worker.settled()
            await worker.close()
            found = await store.find(admin, ORG, sub.subscription_id)
            assert len(receiver.got) == heard == found.delivered, kind
            assert (await (await admin.execute("SELECT count(*) FROM audit.pending WHERE note->>'verb' = 'event'")).fetchone())[0] == heard


async def test_gone_pauses_and_an_address_off_the_list_is_never_called(place):  # type: ignore[no-untyped-def]
    database, admin = place
    async with Receiver(lambda events: 410) as receiver:
        gone = await subscription(admin, receiver.url)
        inside = await subscription(admin, "http://127.0.0.1:1/")
        await happened(admin, (DIED, 1, {}))
        worker = deliverer(database, [receiver.port])
        await worker.look()
        await worker.settled()
        await worker.close()
    paused = await store.find(admin, ORG, gone.subscription_id)
    refused = await store.find(admin, ORG, inside.subscription_id)
    assert paused is not None and paused.state == "paused"
    assert refused is not None and refused.error == "outbound.not_allowed" and refused.place == inside.place


async def test_a_subscriber_that_answers_twice_is_heard_once(place):  # type: ignore[no-untyped-def]
    """What it says unasked is no answer to the next delivery."""
    database, admin = place
    async with Receiver() as receiver:
        receiver.more = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"
        sub = await subscription(admin, receiver.url, batch=1)
        await happened(admin, (DIED, 1, {}), (DIED, 2, {}), (DIED, 3, {}))
        worker = deliverer(database, [receiver.port])
        await worker.look()
        await worker.settled()
        await worker.close()
    found = await store.find(admin, ORG, sub.subscription_id)
    assert [e["subject"] for e in receiver.got] == ["ref-1", "ref-2", "ref-3"]
    assert found is not None and found.state == "active" and not found.error and found.delivered == 3


async def test_handshake(place):  # type: ignore[no-untyped-def]
    async with Receiver() as willing, Receiver(willing=False) as other:
        allowed = rules(f"inside:127.0.0.1:{willing.port},inside:127.0.0.1:{other.port}")
        assert await delivery.handshake(willing.url, allowed, "dancu.example") == ""
        assert "WebHook-Allowed-Origin" in await delivery.handshake(other.url, allowed, "dancu.example")
        assert await delivery.handshake("http://169.254.169.254/latest", allowed, "dancu.example") == "outbound.not_allowed"
