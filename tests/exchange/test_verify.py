"""*Verify* end to end, by the client package: answers, receipt, proof, and what is kept of it."""

from __future__ import annotations

import pytest

from dancu_client import CallRefused
from tests.exchange.calling import WHY, Site, citizen, sequence
from tests.exchange.calling import site as site

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_declaration_is_compared_field_by_field_and_proved(site: Site) -> None:
    program = await site.program("Bộ Đối Chiếu")
    await site.agree(program.org_code)
    key, number = await citizen(site, "Trần Thị Hoà")
    site.forget()
    answer = await program.client.verify(number, {"name": "Trần Thị Hoa", "sex": "nữ", "birth": "1991"}, WHY)
    assert answer.body["found"] is True
    assert answer.body["fields"]["name"] == "close"
    entries = await site.sql(
        "SELECT action, actor_kind, actor_id, org_code, purpose, case_ref, subject, fields FROM audit.pending WHERE request_id = %s", (answer.message_id,)
    )
    assert [row[:7] for row in entries] == [("read", "client", program.client_no, program.org_code, WHY.purpose, WHY.case_ref, key)]
    assert entries[0][7] == ["number", "birth", "name", "sex"]
    lines = await site.sql("SELECT verdict, officer, entries, environment FROM exchange.call WHERE message_id = %s", (answer.message_id,))
    assert lines == [("ok", WHY.officer, 1, "live")]
    await sequence(site)
    (proved,) = await program.client.proof(answer)
    assert proved.content["request_id"] == answer.message_id
    assert proved.content["fields"] == ["number", "birth", "name", "sex"]
    assert not {"subject", "person_key"} & proved.content.keys()  # whom it concerns the proof does not say


async def test_a_field_outside_the_agreement_is_refused_and_logged(site: Site) -> None:
    program = await site.program("Bộ Hẹp")
    await site.agree(program.org_code, fields="name")
    _, number = await citizen(site)
    site.forget()
    with pytest.raises(CallRefused) as refused:
        await program.client.verify(number, {"name": "A", "birth": "1990"}, WHY)
    assert (refused.value.status, refused.value.code) == (403, "agreement.field") and "birth" in str(refused.value), "which, so that it can be asked for"
    assert await site.sql("SELECT verdict FROM exchange.call WHERE client_no = %s", (program.client_no,)) == [("agreement.field",)]


async def test_the_sandbox_answers_about_invented_people_only(site: Site) -> None:
    program = await site.program("Bộ Thử Nghiệm", live=False)
    _, number = await citizen(site)
    site.forget()
    assert (await program.client.verify("000190000001", {"name": "Trần Thị Mẫu"}, WHY)).body["fields"] == {"name": "yes"}
    assert (await program.client.verify(number, {"name": "Trần Thị Hoà"}, WHY)).body["found"] is False
    assert (await program.client.verify("000000078", {"name": "Đặng Song Anh"}, WHY)).body["ambiguous"] is True
