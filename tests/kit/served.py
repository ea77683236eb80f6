"""A server for tests, spoken to over bare sockets."""

import asyncio
from contextlib import asynccontextmanager

from dancu.kit import server as http


async def echo(scope, receive, send):
    """Answers with method, path and length of the body; /slow takes its time, /early does not wait for the body, /much is long."""
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    if scope["path"] == "/much":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(30_000_000)})
        return
    length, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    told = f"{scope['method']} {scope['path']} {length}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(told)).encode())]})
    await send({"type": "http.response.body", "body": told})


@asynccontextmanager
async def served(app=echo, **options):
    """(server, port)."""
    open_here = http.listening("127.0.0.1", 0)
    server = http.server(app, **options)
    running = asyncio.create_task(server.serve([open_here]))
    try:
        yield server, open_here.getsockname()[1]
    finally:
        server.stop()
        await asyncio.wait_for(running, 15)


async def said(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Everything that comes back until the other side closes, or nothing more comes for a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    heard = b""
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        while piece := await asyncio.wait_for(reader.read(65536), 1):
            heard += piece
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return heard


async def until(true) -> bool:
    """Whether it becomes true within ten seconds."""
    for _ in range(500):
        if true():
            return True
        await asyncio.sleep(0.02)
    return False
