"""Every page of locks and recovery in a browser without a screen, from the citizen's, the counter's and the hotline's side."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from dancu.access import service as access
from dancu.accounts.models import AccountState
from dancu.accounts.models.locks import Ground
from dancu.accounts.service import codes, contacts_change, core, locks, offices, sim, visit
from dancu.kernel.actor import SYSTEM
from dancu.kernel.dates import PartialDate
from dancu.kit.handles import handle
from dancu.population import service as population
from tests.accounts import enrolment
from tests.accounts.browsing import Browser, Citizen, application, browsing, citizen
from tests.accounts.protection import grounds

NEW = "một câu chỉ tôi biết 47"
REASON = "Công văn 12/CV-VKS ngày 02/03/2026 của Viện kiểm sát"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def site(registry, _ring) -> AsyncIterator[object]:
    async with application(registry, _ring) as made:
        yield made


@pytest.fixture
async def sau(app, office) -> Citizen:
    made = await citizen(app, office)
    await app.commit()
    return made


@pytest.fixture
def desk(site, app):
    @asynccontextmanager
    async def enter(code: str, language: str = "vi") -> AsyncIterator[Browser]:
        token, _ = await access.enter_as(app, code, demo=True)
        await app.commit()
        async with browsing(site, language=language) as browser:
            browser.client.cookies.set("dancu_session", token)
            browser.officer = await access.sessions.resolve(app, token)
            await app.rollback()
            yield browser

    return enter


def card(who: Citizen, name: str = "Lê Thị Sáu") -> str:
    return f"{who.number}||{name}|12041990|Nữ|Số 1 Phan Châu Trinh|05042022"


async def fresh(app, key: int):
    """The account as committed by now."""
    await app.rollback()
    return await core.existing(app, key)


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_holder_locks_and_a_counter_opens(site, app, desk, sau, language):
    async with browsing(site, language=language) as phone, desk("one_stop_officer", language) as counter:
        await phone.sign_in(sau)
        await phone.get("/account/lock")
        await phone.post("/account/lock")
        assert phone.url == "/eid/locked"
        await phone.get("/eid/locked")
        assert (await fresh(app, sau.key)).state is AccountState.LOCKED

        await counter.get("/desk/eid/recover")
        await counter.post("/desk/eid/recover", text=card(sau))
        person = counter.url
        await counter.get(person)
        await counter.post(person.partition("?")[0], do="seen")
        await counter.get(counter.url)
        await counter.post(person.partition("?")[0], 200, do="begin")
        assert "<svg" in counter.page
        link = re.search(r'href="http://localhost(/eid/recover/[\w-]+)"', counter.page)
        assert link
        assert NEW not in counter.page

        await phone.get(link[1])
        await phone.post(link[1], 200, do="send")
        await phone.post(link[1], 422, do="code", code="000000")
        for status in (200, 200, 200, 422):  # who asks too often keeps the form for the code they have
            page = await phone.post(link[1], status, do="send")
            assert 'name="code"' in page and ("code.wait" in page) == (status == 422)
        await phone.post(link[1], do="code", code=await phone.code(sau.phone))
        ticked = re.compile(r'name="drop_others" value="1" checked')
        assert not ticked.search(await phone.get(link[1])), "a lock of one's own says nothing about one's devices"
        await locks.suspect(app, SYSTEM, locks.eid_purpose(), sau.key, way="account")
        await app.commit()
        assert ticked.search(await phone.get(link[1]))
        await phone.post(link[1], 422, do="passcode", passcode=NEW, again=NEW + "!", drop_others="")
        assert not ticked.search(phone.page), "what was unticked stays so"
        await phone.post(link[1], 422, do="passcode", passcode=NEW, again=NEW + "!")
        await phone.post(link[1], 422, do="passcode", passcode="111111", again="111111")
        await phone.post(link[1], 200, do="passcode", passcode=NEW, again=NEW, drop_others="1")
        await phone.sign_in(sau, NEW)
        await phone.get("/account/history")
        assert ("lấy lại tài khoản" if language == "vi" else "") in phone.page
    found = await fresh(app, sau.key)
    assert found.state is AccountState.ACTIVE
    assert await grounds(app, sau.key) == set()


async def test_every_counter_says_that_an_account_is_locked_while_its_card_is_revoked(app, police, desk, sau):
    post = await enrolment.post(app, police)
    assert await locks.registry_says(app, SYSTEM, sau.key, Ground.CARD_REVOKED)
    await app.commit()
    camera = next(d for d in await offices.devices(app, post) if d.kind == "camera")
    await offices.report(app, police, camera.device_id, "broken", "Không lên hình")
    await enrolment.post(app, police, name="Điểm đủ máy")
    await app.commit()
    async with desk("ward_police") as counter:
        await counter.get("/desk/eid/counter")
        await counter.post("/desk/eid/counter", office=str(post), text=card(sau))
        await counter.get(counter.url)
        for said in (
            "thiếu thiết bị dùng được: Máy chụp chân dung", "Chưa chụp được chân dung", "Nơi gần nhất đủ thiết bị", "cách chưa đến 1 km", "Tài khoản của người này đang bị khóa", "Thẻ căn cước bị thu hồi. Mở khi có thẻ căn cước mới", "Lượt này vẫn làm được"):
            assert said in counter.page
        await counter.get("/desk/eid/recover")
        await counter.post("/desk/eid/recover", text=card(sau))
        person = counter.url
        await counter.get(person)
        await counter.post(person.partition("?")[0], do="seen")
        await counter.get(counter.url)
        assert "Mở khi có thẻ căn cước mới" in counter.page
        assert 'value="begin"' not in counter.page, "a button that only refuses"


async def test_the_second_officer_reads_that_at_home_nobody_saw_what_the_registry_fills_in(app, admin, police, desk, sau):
    post = await enrolment.post(app, police)
    visit_id = (await visit.begin(app, police, post, card(sau))).visit_id
    await visit.confirm(app, police, visit_id, "screen")
    await app.commit()
    said = "chưa thấy phần điền từ dữ liệu dân cư"
    async with desk("ward_police") as counter:
        for channel in ("counter", "doorstep"):
            await admin.execute("UPDATE accounts.visit SET state = 'second', submitted_at = now(), decided_by = 1, decided_at = now(), due_on = current_date, channel = %s WHERE visit_id = %s", (channel, visit_id))
            await admin.commit()
            await counter.get(f"/desk/eid/counter/{visit_id}")
            assert (said in counter.page) == (channel == "doorstep")
            assert "Công dân xác nhận trên màn hình" in counter.page and "màn hình thứ hai" not in counter.page.partition("Xác nhận tờ khai")[2]


async def test_a_typed_number_or_another_name_is_no_card(desk, sau):
    async with desk("one_stop_officer") as counter:
        await counter.get("/desk/eid/recover")
        for text in (sau.number, card(sau, "Phạm Thị Hồng Nhung"), "", "rubbish", "9" * 3000):
            await counter.post("/desk/eid/recover", 422, text=text)
            assert "/desk/eid/recover/" not in counter.url


async def test_who_is_recorded_dead_by_mistake_is_sent_where_that_is_mended(app, office, desk, sau):
    """Their cards ended with the death: a new card is no way out, the civil-status office is."""
    await office(population.die, sau.key, on=PartialDate(2026, 1, 4))
    await app.commit()
    async with desk("one_stop_officer") as counter:
        await counter.get("/desk/eid/recover")
        page = await counter.post("/desk/eid/recover", 422, text=card(sau))
        assert "identity.dead" in page and "tư pháp" in page


async def test_a_proof_is_one_officers_and_one_persons(app, office, desk, sau):
    other = await citizen(app, office)
    await app.commit()
    async with desk("one_stop_officer") as counter, desk("ward_police") as police:
        await counter.get("/desk/eid/recover")
        await counter.post("/desk/eid/recover", text=card(sau))
        person, _, proof = counter.url.partition("?")
        await police.get(f"{person}?{proof}", 404)
        await police.get(f"/desk/eid/recover/{handle(police.officer, sau.key)}?{proof}", 422)
        await counter.get(f"/desk/eid/recover/{handle(counter.officer, other.key)}?{proof}", 422)
        await counter.get(f"{person}?proof=00ff", 422)
        await counter.get(person, 303)
        await counter.get(f"{person}?{proof}")
        assert 'value="begin"' not in counter.page
        # Leaving the look at the face out does not help.
        await counter.post(person, 422, do="begin")


async def test_another_phone_with_two_officers_and_an_objection(site, app, desk, sau):
    async with desk("one_stop_officer") as counter, desk("one_stop_second") as second, browsing(site) as old:
        await counter.get("/desk/eid/recover")
        await counter.post("/desk/eid/recover", text=card(sau))
        person = counter.url.partition("?")[0]
        await sim.changed(app, sau.phone)
        await app.commit()
        assert "SIM của tài khoản vừa đổi" in await counter.get(counter.url), "the officer knows why no message counts"
        await counter.post(person, do="seen")
        await core.open(app, [sau.key])
        await app.execute("UPDATE accounts.account SET idle_reason = 'wrong_phone' WHERE person_key = %s", (sau.key,))
        await app.commit()
        assert "Tin nhắn không đến được" in await counter.get(counter.url)
        await counter.post(person, 422, do="phone", value="12")
        await counter.post(person, do="phone", value="0912 444 001")
        await counter.get(counter.url)
        await counter.get("/desk/eid/recover")
        waiting = re.search(r'href="(/desk/eid/recover/second/contact/\d+-\w+/\d+)"', counter.page)
        assert waiting
        await counter.get(waiting[1])
        await counter.post(waiting[1], 422, do="grant")
        await second.get("/desk/eid/recover")
        waiting = re.search(r'href="(/desk/eid/recover/second/contact/\d+-\w+/\d+)"', second.page)
        assert waiting
        await second.get(waiting[1])
        assert "0912 444 001" in second.page
        await second.post(waiting[1], do="grant")
        await second.get(second.url)
        link = next(found[0] for text in await old.texts(sau.phone) if (found := re.search(r"/eid/objection/[\w-]+", text)))
        await old.get(link)
        await old.post(link, 200)
        await old.get(link, 404)
    assert await grounds(app, sau.key) == {Ground.SUSPICION}


async def test_a_change_begun_at_one_office_goes_on_at_another(app, desk, sau):
    """It is shown once this officer has card and face before them; they confirm it as the second one, or end it."""

    async def proved(officer: Browser) -> str:
        await officer.get("/desk/eid/recover")
        await officer.post("/desk/eid/recover", text=card(sau))
        person = officer.url
        assert "Yêu cầu đổi liên lạc đang chờ" not in await officer.get(person)
        await officer.post(person.partition("?")[0], do="seen")
        await officer.get(officer.url)
        return person.partition("?")[0]

    def item(officer: Browser) -> str:
        return re.findall(r'name="item" value="(\d+)"', officer.page)[0]

    async with desk("one_stop_officer") as counter, desk("ward_police") as elsewhere:
        person = await proved(counter)
        await counter.post(person, do="phone", value="0912 444 009")
        page = await counter.get(counter.url)
        assert 'value="withdraw"' in page and 'value="grant"' not in page, "the first officer is not the second one"
        await counter.post(person, do="withdraw", item=item(counter))
        assert "0912 444 009" not in await counter.get(counter.url)
        await counter.post(person, do="phone", value="0912 444 010")
        person = await proved(elsewhere)
        assert "0912 444 010" in elsewhere.page and "Phục vụ hành chính công" in elsewhere.page
        waits = item(elsewhere)
        for wrong in ("", "x", "0", "9" * 30):
            await elsewhere.post(person, 422, do="grant", item=wrong)
        await elsewhere.post(person, do="grant", item=waits)
        assert "Đã đổi liên lạc" in await elsewhere.get(elsewhere.url)
    await app.rollback()
    await core.open(app, [sau.key])
    assert (await core.contacts(app, sau.key)).phone == "+84912444010"


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_the_holder_sees_what_waits_and_stops_what_is_not_theirs(site, app, admin, desk, sau, language):
    async with desk("one_stop_officer", language) as counter, browsing(site, language=language) as phone:
        actor = counter.officer
        change = await contacts_change.request_at_desk(app, actor, locks.eid_purpose(), sau.key, "phone", "0912 444 031", ("card", "seen"))
        await app.commit()
        await phone.sign_in(sau)
        assert (await phone.get("/account")).count('href="/account/contacts"') == 2, "the list, and a word that something waits"
        await phone.get("/account/contacts", 303)
        await phone.get(phone.url)
        await phone.post("/eid/sign-in/way", 200)
        await phone.post("/eid/sign-in/code", code=await phone.code(sau.phone))
        page = await phone.get("/account/contacts")
        assert ("Phục vụ hành chính công" in page) == (language == "vi") and "444 031" not in page and "444031" not in page
        await phone.post(f"/account/contacts/{change}/stop")
        page = await phone.get(phone.url)
        assert "/stop" not in page and "/account/lock" in page
        await phone.client.post(f"/account/contacts/{change}/stop")
        await counter.get("/desk/eid/recover")
        assert f"/{change}\"" not in counter.page
        lapsed = await contacts_change.request_at_desk(app, actor, locks.eid_purpose(), sau.key, "phone", "0912 444 032", ("card", "seen"))
        await app.commit()
        await admin.execute("UPDATE accounts.contact_change SET state = 'refused', reason = 'expired', decided_at = now() WHERE change_id = %s", (lapsed,))
        await admin.commit()
        await counter.get("/desk/eid/recover")
        there = re.search(rf'href="(/desk/eid/recover/second/lapsed/[^"]+/{lapsed})"', counter.page)
        assert there
        page = await counter.get(there[1])
        assert "444 032" not in page and 'value="grant"' not in page
    await app.rollback()
    await core.open(app, [sau.key])
    assert (await core.contacts(app, sau.key)).phone == "+84" + sau.phone[1:]


async def own_address(officer, key) -> str:
    """The person's page as the list of locks that wait shows the way to this officer, opened."""
    await officer.get("/desk/eid/locks")
    found = re.search(rf'href="(/desk/eid/locks/{key}-[0-9a-f]+)"', officer.page)
    assert found
    await officer.get(found[1])
    return found[1]


async def test_the_police_ask_another_officer_refuses_in_writing(site, app, desk, sau):
    """The reason goes to who asked; the holder hears that it was refused, when, and where to ask, and no word of the case."""
    async with desk("ward_police") as asker, desk("registrar") as decider, browsing(site) as holder:
        await asker.get("/desk/eid/locks")
        await asker.post("/desk/eid/locks", 422, number="12")
        await asker.post("/desk/eid/locks", 422, number="001099999998")
        await asker.post("/desk/eid/locks", number=sau.number)
        person = asker.url
        await asker.get(person)
        await asker.post(person, 422, do="request", reason="ngắn")
        await asker.post(person, do="request", reason=REASON, case_ref="12/CV-VKS")
        await asker.get(person)
        await decider.get(person, 404)  # an address is good for whom a page showed it
        person = await own_address(decider, sau.key)
        action = re.search(rf'action="({person}/\d+)"', decider.page)
        assert action
        await decider.post(action[1], 422, do="refuse", decision="")
        await decider.post(action[1], do="refuse", decision="Văn bản không có chữ ký của người có thẩm quyền")
        await decider.get(decider.url)
        assert "không có chữ ký" in decider.page
        await holder.sign_in(sau)
        page = await holder.get("/account/lock")
        assert re.search(r"Không chấp nhận ngày \d\d/\d\d/\d{4}; lý do đã trả lời bằng văn bản cho Công an .+, bạn hỏi tại đó", page)
        assert not any(word in page for word in ("chữ ký", "12/CV-VKS", "Viện kiểm sát"))
        assert any("hỏi công an xã, phường" in text for text in await holder.texts(sau.phone))
    assert (await fresh(app, sau.key)).state is AccountState.ACTIVE


async def test_an_officer_grants_and_opens(app, desk, sau):
    async with desk("ward_police") as asker, desk("registrar") as decider:
        await asker.get(f"/desk/eid/locks/{sau.key}", 404)  # record numbers follow each other: who counts them through is shown nobody
        await asker.get("/desk/eid/locks")
        await asker.post("/desk/eid/locks", number=sau.number)
        person = asker.url
        await asker.get(person)
        await asker.post(person, do="request", reason=REASON)
        person = await own_address(decider, sau.key)
        action = re.search(rf'action="({person}/\d+)"', decider.page)
        assert action
        await decider.post(action[1], do="grant", decision="")
        assert await grounds(app, sau.key) == {Ground.POLICE_REQUEST}
        await app.rollback()
        await decider.get(person)
        await decider.post(action[1], do="lift", decision="Vụ việc đã kết thúc")
    assert (await fresh(app, sau.key)).state is AccountState.ACTIVE


async def test_locking_by_a_code_says_nothing_of_who_has_an_account(site, app, office, sau):
    nobody = await office.person("Phan Văn Út", number="049190555001")
    await app.commit()
    assert nobody
    async with browsing(site) as browser:
        pages = []
        for number in (sau.number, "049190555001", "001099999997"):
            await browser.get("/eid/lock")
            page = await browser.post("/eid/lock", 200, number=number)
            pages.append(re.sub(r'value="[^"]*"', lambda found: f'value="{len(found[0])}"', page))
        # What differs from page to page is the request's own id and nonce alone; what is sealed is as long for nobody.
        assert len({re.sub(r'nonce="[^"]*"|<code>\w+</code>', "", page) for page in pages}) == 1
        await browser.post("/eid/lock/code", 422, code="000000")
        await browser.get("/eid/lock")
        await browser.post("/eid/lock", 200, number=sau.number)
        await browser.post("/eid/lock/code", code=await browser.code(sau.phone))
        await browser.post("/eid/lock/code", 422, code="000000", flow="00")
        await browser.get("/eid/lock")
        await browser.post("/eid/lock", 422, number="1")
    assert await grounds(app, sau.key) == {Ground.OWN_REQUEST}
    rows = await (await app.execute("SELECT count(*) FROM kit.messages_about(0, '')")).fetchone()
    assert rows == (0,)


async def test_a_stranger_who_asks_for_lock_codes_stands_in_nobodys_way(site, app, desk, sau):
    """Knowing a number is enough to ask for a code that locks: neither a recovery under way nor the codes of signing in suffer."""
    async with browsing(site) as phone, browsing(site) as stranger, desk("one_stop_officer") as counter:
        await counter.get("/desk/eid/recover")
        await counter.post("/desk/eid/recover", text=card(sau))
        person = counter.url
        await counter.get(person)
        await counter.post(person.partition("?")[0], do="seen")
        await counter.get(counter.url)
        await counter.post(person.partition("?")[0], 200, do="begin")
        link = re.search(r'href="http://localhost(/eid/recover/[\w-]+)"', counter.page)
        assert link
        await phone.get(link[1])
        await phone.post(link[1], 200, do="send")
        code = await phone.code(sau.phone)
        before = len(await phone.texts(sau.phone))
        for _ in range(8):
            await stranger.get("/eid/lock")
            await stranger.post("/eid/lock", 200, number=sau.number)
            await stranger.post("/eid/lock/code", 422, code="000000")
        assert len(await phone.texts(sau.phone)) - before == 3
        await phone.post(link[1], do="code", code=code)
        await phone.get(link[1])
        await phone.post(link[1], 200, do="passcode", passcode=NEW, again=NEW, drop_others="1")
        await phone.sign_in(sau, NEW)
    of = {use: {one.key for one in codes.sending_buckets(sau.key, use)} for use in ("lock", "sign_in", "recover")}
    assert of["lock"].isdisjoint(of["sign_in"] | of["recover"])


async def test_the_hotline_hears_enough_or_not(site, app, desk, sau):
    right = {"number": sau.number, "name": "Lê Thị Sáu", "birth": "12/04/1990", "moved": "2025", "children": "0"}
    async with desk("eid_hotline") as agent, browsing(site) as phone:
        await agent.get("/hotline", 303)
        await agent.get("/desk/hotline")
        await agent.post("/desk/hotline", 422, **{**right, "children": ""})
        page = await agent.post("/desk/hotline", 200, **{**right, "moved": "1980"})
        assert "Chưa đủ" in page
        assert "/desk/hotline/act" not in page
        await agent.get("/desk/hotline")
        page = await agent.post("/desk/hotline", 200, **right)
        assert "Lê Thị Sáu" not in page
        assert 'value="recover"' in page and 'value="reissue"' not in page
        await core.open(app, [sau.key])
        await app.execute("UPDATE accounts.account SET contact_changed_at = now() WHERE person_key = %s", (sau.key,))
        await app.commit()
        page = await agent.post("/desk/hotline/act", 422, do="recover")
        assert "recovery.phone_new" in page and 'value="lock"' in page, "whoever hears of a phone they did not change locks at once"
        await core.open(app, [sau.key])
        await app.execute("UPDATE accounts.account SET contact_changed_at = NULL WHERE person_key = %s", (sau.key,))
        await app.commit()
        await agent.post("/desk/hotline/act", 200, do="recover")
        assert sau.phone not in agent.page
        link = next(found[0] for text in await phone.texts(sau.phone) if (found := re.search(r"/eid/recover/[\w-]+", text)))
        assert link not in agent.page
        await phone.get(link)
        await agent.get("/desk/hotline")
        for status in (200, 200, 422):
            page = await agent.post("/desk/hotline", status, **{**right, "moved": "1980"})
        assert "Xin đợi" in page and "phút" in page, "on the form, with what was typed"
        assert sau.number in page
    await app.rollback()


async def test_the_hotline_asks_on_the_callers_own_phone(site, app, desk, sau):
    """The citizen sees who asks and for what, answers with two factors, and what they agreed to is all that may be done."""
    async with desk("eid_hotline") as agent, browsing(site) as phone:
        await agent.get("/desk/hotline")
        await agent.post("/desk/hotline/ask", 422, phone_number=sau.number)
        await agent.get("/desk/hotline")
        await agent.post("/desk/hotline/ask", phone_number=sau.number, wish="lock")
        waiting = agent.url
        page = await agent.get(waiting)
        said = re.search(r"Mã cuộc gọi \d\d \d\d: khóa tài khoản của bạn", page)
        assert said and "Đang chờ" in page and "/desk/hotline/act" not in page
        assert said[0] in (await phone.texts(sau.phone))[0]
        await agent.get(waiting[:-2] + "00", 404)
        await phone.sign_in(sau, next="/account/approvals")
        page = await phone.get("/account/approvals")
        assert said[0] in page and "Tổng đài tài khoản định danh" in page
        one = re.search(r"/account/approvals/([\w-]{36})", page)
        assert one
        await phone.post(one[0], answer="yes")
        await phone.get(phone.url)
        await phone.post("/eid/sign-in/way", 200)
        await phone.post("/eid/sign-in/code", code=await phone.code(sau.phone))
        await phone.get("/account/approvals")
        await phone.post(one[0], answer="yes")
        page = await agent.get(waiting)
        call = re.search(r'name="call" value="(\d+)"', page)
        assert call and call[1] in await agent.get(waiting), "looked at twice, one call"
        await agent.post("/desk/hotline/act", 403, do="recover")
        await agent.get(waiting)
        assert "đã khóa" in await agent.post("/desk/hotline/act", 200, do="lock")
        # Somebody who is not there is asked like anybody else.
        await agent.get("/desk/hotline")
        await agent.post("/desk/hotline/ask", phone_number="001099999999", wish="caller")
        assert "Đang chờ" in await agent.get(agent.url)
    await app.rollback()


async def test_the_ways_back_and_dead_links(site):
    async with browsing(site) as browser:
        await browser.get("/eid/recover")
        await browser.get("/eid/recover/" + "x" * 32, 404)
        await browser.get("/eid/objection/" + "x" * 32, 404)
        await browser.get("/account/recover", 303)
        await browser.get("/account/contacts", 303)


async def test_the_holder_changes_the_phone_with_two_factors(site, app, sau):
    async with browsing(site) as browser:
        await browser.sign_in(sau)
        await browser.get("/account/contacts", 303)
        await browser.get(browser.url)
        await browser.post("/eid/sign-in/way", 200)
        await browser.post("/eid/sign-in/code", code=await browser.code(sau.phone))
        await browser.get("/account/contacts")
        await browser.post("/account/contacts", 422, kind="phone", value="1")
        await browser.post("/account/contacts", 200, kind="phone", value="0912 444 777")
        await browser.post("/account/contacts", 422, code="000000")
        await browser.post("/account/contacts", code=await browser.code("0912444777"))
        await browser.get(browser.url)
        assert "0912 444 777" in browser.page
    assert (await core.contacts(app, sau.key)).phone == "+84912444777"


async def test_only_a_passkey_of_a_moment_ago_replaces_the_passcode(site, sau):
    async with browsing(site) as browser:
        await browser.sign_in(sau)
        await browser.get("/account/recover", 303)
        assert browser.url.startswith("/eid/sign-in?")


async def test_a_locked_account_stays_locked_to_the_passcode(site, app, sau):
    await locks.registry_says(app, SYSTEM, sau.key, Ground.DEATH)
    await app.commit()
    async with browsing(site) as browser:
        page = await browser.sign_in(sau, status=422)
        assert "sign_in.locked" in page
