"""The account page: where one is signed in, what happened in words, and what "this was not me" does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import pytest
import pytest_asyncio

from dancu.accounts.models import Happening
from dancu.accounts.models.gives import Paper
from dancu.accounts.present.history import sentence
from tests.accounts.browsing import Citizen, application, browsing, citizen


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


async def licence(conn, actor):
    return [Paper("driving_licence", "Giấy phép lái xe", "Xuất trình từ Giấy tờ của tôi", "69/2024/NĐ-CP", date(2031, 12, 31), 1, "790123456789", "/account/wallet#driving_licence")]


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_it_shows_sessions_and_history(site, sau, language):
    async with browsing(site, language=language) as one, browsing(site) as other:
        await other.sign_in(sau)
        await one.sign_in(sau, "000111", 422)
        await one.sign_in(sau)
        page = await one.get("/account")
        assert page.count("Chrome, Android") >= 3
        assert ("Có người nhập sai mật mã" if language == "vi" else "wrong passcode") in page
        await one.get("/account/history")
        site.state.papers_carried = licence
        page = await one.get("/account/gives")
        assert re.search(r"(Giấy phép lái xe|Driving licence) 790123456789</strong>: <a href=\"/account/wallet#driving_licence\">", page) and "31/12/2031" in page
        await one.get("/account")
        await one.post("/account/sessions/end")
        await other.get("/account/history", 303)
        await one.get("/account?done=sessions")


async def test_not_me_locks_at_once_and_ends_every_session(site, sau):
    async with browsing(site) as thief, browsing(site) as owner:
        await thief.sign_in(sau)
        await owner.sign_in(sau)
        page = await owner.get("/account")
        action = re.findall(r'action="(/account/history/\d+/not-me)"', page)[1]
        page = await owner.post(action, 200)
        assert "đã được khóa" in page
        await owner.get("/account/history", 303)
        await thief.get("/account/history", 303)
        assert "sign_in.locked" in await owner.sign_in(sau, status=422)


async def test_somebody_elses_history_cannot_be_disowned(site, app, office, sau):
    other = await citizen(app, office)
    await app.commit()
    async with browsing(site) as mine, browsing(site) as theirs:
        await theirs.sign_in(other)
        foreign = re.search(r'action="(/account/history/\d+/not-me)"', await theirs.get("/account"))[1]
        await mine.sign_in(sau)
        await mine.get("/account")
        token = re.search(r'name="csrf_token" value="([^"]+)"', mine.page)[1]
        answer = await mine.client.post(foreign, data={"csrf_token": token})
        assert answer.status_code == 404
        await theirs.get("/account/history")


async def test_a_persona_and_an_officer_find_their_way(site):
    async with browsing(site) as b:
        for persona, status in (("citizen", 200), ("ward_police", 303)):
            await b.get("/personas")
            await b.post("/personas", persona=persona)
            await b.get("/account", status)
        assert b.url == "/desk/account"


def test_every_kind_reads_as_a_sentence():
    from dancu.accounts.present import history

    for kind in history._SENTENCES:
        name, _, way = kind.partition(".")
        for language in ("vi", "en"):
            text = sentence(Happening(1, name, None, {"way": way} if way else {}, None), language)
            assert text
            assert "{" not in text
            assert not text.startswith(("Make ", "Set up ", "Added ", "Removed ")), "what happened, not what a button does"
    assert sentence(Happening(1, "something_new", None, {}, None), "vi")


async def test_after_the_right_passcode_it_says_why_it_is_locked_and_before_it_does_not(site, app, sau):
    from dancu.accounts.models.locks import Ground
    from dancu.accounts.service import locks
    from dancu.kernel.actor import SYSTEM

    await locks.registry_says(app, SYSTEM, sau.key, Ground.DEATH)
    await app.commit()
    async with browsing(site) as family:
        assert "đã mất" not in await family.sign_in(sau, "000111", 422)
        page = await family.sign_in(sau, status=422)
        assert "Gia đình không phải làm gì thêm" in page
        assert "sign_in.locked" in page


@pytest.mark.parametrize(("network", "said"), [
    ("::/64", "ngay trên máy này"), ("127.0.0.1", "ngay trên máy này"), ("10.1.2.3", "mạng nội bộ 10.1.2.3"), ("203.162.4.190", "mạng 203.162.4.190"),
    ("2405:4800:102:1::/64", "mạng 2405:4800:102:1::/64"), ("unknown", ""), ("", ""),
])  # fmt: skip
def test_where_a_browser_is_in_words(network: str, said: str) -> None:
    from dancu.kit.places import place_of

    assert place_of(network, "vi") == said
