"""Messages: with the transaction that asked, encrypted, handed over once, tried again, given up in time, settled by a
signed receipt."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import httpx
import psycopg
import pytest
import pytest_asyncio

from dancu.kernel.errors import Invalid
from dancu.kit import messages
from dancu.kit.messages.providers import BuiltIn, HttpPush, HttpSms, Later, Mail, Refused, providers
from dancu.kit.messages.signing import sign, signed_by
from tests.accounts.browsing import application

PHONE = "0908111222"


@pytest_asyncio.fixture
async def carrier(database):
    """The worker's connection, in autocommit."""
    conn = await psycopg.AsyncConnection.connect(database.dsn("worker"), autocommit=True)
    yield conn
    await conn.close()


async def asked(conn, **fields) -> int:
    given = {"channel": "sms", "to": PHONE, "text": "Xin chào", "kind": "test", "person_key": 77, **fields}
    number = await messages.send(conn, **given)
    await conn.commit()
    return number


class Counting:
    """A provider that does as told."""

    keeps = False

    def __init__(self, *does) -> None:
        self.does, self.letters = list(does), []

    async def hand_over(self, letter) -> str:
        self.letters.append(letter)
        outcome = self.does.pop(0) if self.does else f"ref-{letter.message_id}"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


async def row(admin, message_id: int):
    columns = "state, tries, body IS NULL, provider_ref, error, due_at > now()"
    await admin.rollback()
    return await (await admin.execute(f"SELECT {columns} FROM kit.message WHERE message_id = %s", (message_id,))).fetchone()


async def test_it_leaves_with_the_transaction_that_asked(app, carrier):
    await messages.send(app, channel="sms", to=PHONE, text="không bao giờ", kind="test", person_key=None)
    await app.rollback()
    sms = Counting()
    assert await messages.deliver_once(carrier, {"sms": sms}) == 0
    assert sms.letters == []


async def test_address_and_text_are_not_readable_and_the_text_goes_when_it_is_handed_over(app, admin, carrier):
    number = await asked(app, text="mã bí mật 123456")
    raw = await (await admin.execute("SELECT row(m.*)::text FROM kit.message m WHERE message_id = %s", (number,))).fetchone()
    assert "123456" not in raw[0]
    assert "908111222" not in raw[0]
    for query in ("SELECT * FROM kit.message", "DELETE FROM kit.message", "UPDATE kit.message SET state = 'sent'"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with app.transaction():
                await app.execute(query)
    sms = Counting()
    await messages.deliver_once(carrier, {"sms": sms})
    assert [(one.to, one.text) for one in sms.letters] == [("+84908111222", "mã bí mật 123456")]
    assert await row(admin, number) == ("sent", 1, True, f"ref-{number}", "", False)


async def test_later_is_tried_again_under_the_same_id_and_refusal_is_final(app, admin, carrier):
    number = await asked(app)
    sms = Counting(Later("http 503"), Refused("http 400"))
    await messages.deliver_once(carrier, {"sms": sms})
    assert await row(admin, number) == ("queued", 1, False, "", "http 503", True)
    assert await messages.deliver_once(carrier, {"sms": sms}) == 0, "not at once"
    await admin.execute("UPDATE kit.message SET due_at = now() WHERE message_id = %s", (number,))
    await admin.commit()
    await messages.deliver_once(carrier, {"sms": sms})
    assert (await row(admin, number))[:5] == ("failed", 1, True, "", "http 400")
    assert [one.message_id for one in sms.letters] == [number, number]
    (stand,) = [one for one in await messages.stands(app, 77) if one.message_id == number]
    assert (stand.state, stand.error, stand.kind) == ("failed", "http 400", "test")


async def test_what_is_too_late_is_not_sent(app, admin, carrier):
    number = await asked(app, life=timedelta(seconds=-1))
    sms = Counting()
    await messages.deliver_once(carrier, {"sms": sms})
    assert sms.letters == []
    assert (await row(admin, number))[0] == "expired"


async def test_two_workers_never_carry_one_message(app, database, carrier):
    for _ in range(10):
        await asked(app)

    class Slow(Counting):
        async def hand_over(self, letter):
            await asyncio.sleep(0.05)
            return await super().hand_over(letter)

    sms = Slow()
    async with await psycopg.AsyncConnection.connect(database.dsn("worker"), autocommit=True) as other:
        await asyncio.gather(messages.deliver_once(carrier, {"sms": sms}), messages.deliver_once(other, {"sms": sms}))
    ids = [one.message_id for one in sms.letters]
    assert len(ids) == len(set(ids)) == 10


async def test_a_channel_without_a_provider_waits(app, admin, carrier):
    number = await asked(app, channel="email", to="an@thu.example")
    await messages.deliver_once(carrier, providers(demo=False, sms_url="http://127.0.0.1:9/"))
    assert (await row(admin, number))[0] == "queued"
    assert set(providers(demo=False)) == set()
    assert all(isinstance(one, BuiltIn) for one in providers(demo=True).values())


async def test_a_demonstration_keeps_the_text_and_shows_it(app, admin, carrier):
    number = await asked(app, text="Một tin để xem")
    assert (await messages.outbox(app, "0908 111 222"))[0].text == "Một tin để xem", "before any worker came"
    await messages.deliver_once(carrier, providers(demo=True))
    assert (await row(admin, number))[:3] == ("delivered", 1, False)
    assert (await messages.outbox(app, PHONE))[0].text == "Một tin để xem"
    await admin.execute("UPDATE kit.setting SET value = 'false' WHERE name = 'demo'")
    await admin.commit()
    try:
        assert await messages.outbox(app, PHONE) == [], "the database itself says whether it is a demonstration"
    finally:
        await admin.execute("UPDATE kit.setting SET value = 'true' WHERE name = 'demo'")
        await admin.commit()


@pytest.mark.parametrize(("channel", "to"), [("sms", "123"), ("sms", ""), ("email", "khong"), ("email", "a b@c.vn"), ("email", "a@b\n.vn")])
async def test_what_is_no_address_is_refused(app, channel, to):
    with pytest.raises(Invalid):
        await messages.send(app, channel=channel, to=to, text="x", kind="test", person_key=None)


def test_signatures_are_of_body_moment_and_secret():
    headers = sign("s", b"{}", at=1000)
    moment, signature = headers["x-dancu-timestamp"], headers["x-dancu-signature"]
    assert signed_by("s", b"{}", moment, signature, now=1200)
    for wrong in (
        ("s", b"{} ", moment, signature, 1200), ("t", b"{}", moment, signature, 1200), ("", b"{}", moment, signature, 1200),
        ("s", b"{}", "1001", signature, 1200), ("s", b"{}", moment, signature, 1400), ("s", b"{}", "x", signature, 1200),
        ("s", b"{}", moment, "é", 1200),
    ):  # fmt: skip
        assert not signed_by(*wrong[:4], now=wrong[4])


async def test_a_receipt_settles_once_and_only_signed(app, admin, carrier, registry, _ring):  # noqa: PT019
    number = await asked(app)
    await messages.deliver_once(carrier, {"sms": Counting(f"r-{number}")})
    body = json.dumps({"ref": f"r-{number}", "state": "failed", "reason": "absent subscriber"}).encode()
    async with application(registry, _ring) as made:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://localhost") as client:
            assert (await client.post("/hooks/messages", content=body)).status_code == 403
            assert (await client.post("/hooks/messages", content=body, headers=sign("other", body))).status_code == 403
            assert (await row(admin, number))[0] == "sent"
            first = await client.post("/hooks/messages", content=body, headers=sign("s3cret", body))
            again = await client.post("/hooks/messages", content=body, headers=sign("s3cret", body))
            for bad in (b"[]", b"{", b'{"ref": 1, "state": "failed"}', b'{"ref": "x", "state": "?"}'):
                assert (await client.post("/hooks/messages", content=bad, headers=sign("s3cret", bad))).status_code == 422
    assert (first.json(), again.json()) == ({"changed": True}, {"changed": False})
    assert (await row(admin, number))[0:5:4] == ("failed", "absent subscriber")


class Gateway(BaseHTTPRequestHandler):
    answers: ClassVar[list[int]] = []
    heard: ClassVar[list[tuple[dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.heard.append((dict(self.headers.items()), body))
        status = self.answers.pop(0)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(b'{"ref": "g-1"}' if status == 200 else b"nothing")

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def gateway() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/send"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_the_gateway_gets_a_signed_call_with_one_id(gateway):
    from dancu.kit.messages.providers import Letter

    sms, letter = HttpSms(gateway, "k"), Letter(5, "+84908111222", "Xin chào", "test")
    Gateway.answers[:] = [200, 503, 429, 400, 302]
    assert await sms.hand_over(letter) == "g-1"
    headers, body = Gateway.heard[-1]
    low = {name.lower(): value for name, value in headers.items()}
    assert signed_by("k", body, low["x-dancu-timestamp"], low["x-dancu-signature"])
    assert (low["idempotency-key"], json.loads(body)) == ("dancu-5", {"id": 5, "to": "+84908111222", "text": "Xin chào"})
    for kind in (Later, Later, Refused, Later):
        with pytest.raises(kind):
            await sms.hand_over(letter)
    with pytest.raises(Later):
        await HttpSms("http://127.0.0.1:9/", "k").hand_over(letter)
    with pytest.raises(Later):
        await Mail("smtp://127.0.0.1:9", "a@b.vn").hand_over(letter)


async def test_a_notice_on_a_device_goes_to_its_gateway_under_the_keys_name(app, admin, carrier, gateway):
    device = "u" * 43
    number = await asked(app, channel="push", to=device, text="Có yêu cầu", kind="account.approval")
    set_up = providers(demo=False, push_url=gateway, push_secret="p")
    assert set(set_up) == {"push"} and isinstance(set_up["push"], HttpPush)
    Gateway.answers[:] = [200, 410]
    await messages.deliver_once(carrier, set_up)
    assert (await row(admin, number))[:4] == ("sent", 1, True, "g-1")
    headers, body = Gateway.heard[-1]
    low = {name.lower(): value for name, value in headers.items()}
    assert signed_by("p", body, low["x-dancu-timestamp"], low["x-dancu-signature"])
    assert json.loads(body) == {"id": number, "to": device, "text": "Có yêu cầu", "kind": "account.approval"}
    gone = await asked(app, channel="push", to=device)
    await messages.deliver_once(carrier, set_up)
    assert (await row(admin, gone))[0] == "failed", "the gateway does not know this device any more"
    kept = await asked(app, channel="push", to=device, text="Xem trong hộp thư")
    await messages.deliver_once(carrier, providers(demo=True))
    shown = (await messages.outbox(app, device))[0]
    assert (shown.channel, shown.to, shown.text) == ("push", device, "Xem trong hộp thư") and (await row(admin, kept))[0] == "delivered"


async def test_the_simulated_gateway_and_the_pages_of_the_outbox(app, registry, _ring):  # noqa: PT019
    await asked(app, text="Để xem <b>trên trang</b>")
    async with application(registry, _ring) as made:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://localhost") as client:
            body = b'{"id": 9, "to": "+84908111222", "text": "x"}'
            taken = await client.post("/simulators/sms", content=body, headers=sign("s3cret", body))
            assert taken.json() == {"ref": "sim-9", "simulated": True}
            assert (await client.post("/simulators/sms", content=body)).status_code == 403
            page = await client.get("/demo/outbox", params={"to": PHONE})
            assert "&lt;b&gt;" in page.text
            assert not re.search("<b>trên", page.text)
            assert (await client.get("/demo/outbox", params={"to": "zzz"})).status_code == 422
            (newest, *_) = (await client.get("/demo/outbox.json", params={"to": PHONE})).json()
            assert set(newest) == {"to", "channel", "text", "at", "kind"}
