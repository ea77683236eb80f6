import asyncio
import subprocess
import sys
import threading

import pytest

from dancu.kit.authn.threads import Threads

ENDS = """
import asyncio, os, threading, time
from dancu.kit.authn.threads import Threads

os.cpu_count = lambda: 2
threads, begun, full = Threads("work"), threading.Event(), threading.Event()

def until_the_end():
    begun.set()
    full.wait()
    while threads._tasks.qsize() > 1:
        time.sleep(0.001)
    print("ended")

async def go():
    threads.run(until_the_end)
    begun.wait()
    for _ in range(5):
        threads.run(time.sleep, 60)
    full.set()

asyncio.run(go())
"""


@pytest.fixture
def threads(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    threads = Threads("work")
    yield threads
    threads._stop()


async def test_answers_and_errors_come_back(threads):
    assert await threads.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await threads.run(divmod, 7, 0)
    with pytest.raises(SystemExit):
        await threads.run(sys.exit, 1)
    assert (await threads.run(threading.current_thread)).name.startswith("work")
    assert await threads.run(threading.get_ident) == await threads.run(threading.get_ident)


async def test_what_nobody_waits_for_is_not_begun(threads):
    go, begun = threading.Event(), []
    first, left, last = threads.run(go.wait), threads.run(begun.append, "left"), threads.run(begun.append, "last")
    left.cancel()
    first.cancel()  # under way already, perhaps: what it answers is nobody's
    go.set()
    await last
    assert begun == ["last"]


def test_a_loop_that_is_closed_takes_no_thread_with_it(threads):
    go, ended = threading.Event(), threading.Event()

    def late():
        go.wait()
        ended.set()

    async def leave():
        threads.run(late)

    async def ask():
        return await threads.run(sum, (1, 2))

    asyncio.run(leave())
    go.set()
    assert ended.wait(5)
    assert asyncio.run(ask()) == 3


def test_the_process_ends_without_what_waits():
    done = subprocess.run([sys.executable, "-c", ENDS], capture_output=True, text=True, timeout=20)
    assert (done.stdout, done.stderr, done.returncode) == ("ended\n", "", 0)
