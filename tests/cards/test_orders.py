"""Orders of cards: each step only from the one before, the registry's verb at the handing over, the list of an area."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dancu.cards import service
from dancu.cards.models import OrderReason, OrderState
from dancu.cards.parsing import write_mrz, write_qr
from dancu.cards.policy import orders as policy
from dancu.cards.service import orders
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kernel.dates import PartialDate
from dancu.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from dancu.kit.handles import handle
from dancu.population import service as population
from dancu.population.models import CardKind, CardState
from tests.cards.web import served
from tests.kit.html import check_page, form_values

EID = Purpose("eid_account", "69/2024/NĐ-CP")
_numbers = iter(range(100_000))


@pytest.fixture
async def holder(office) -> int:  # type: ignore[no-untyped-def]
    return await office.person("Trần Thị Hoà", number=f"0491900{next(_numbers):05d}")


async def produced(worker) -> int:  # type: ignore[no-untyped-def]
    made = await orders.simulate_production(worker)
    await worker.commit()
    return made


async def test_from_the_counter_to_the_pocket(holder, app, police, worker):
    order = await service.order_card(app, police, EID, holder, office_id=7)
    assert (order.state, order.reason, order.office) == (OrderState.ORDERED, OrderReason.FIRST, "7")
    await app.commit()
    assert await produced(worker) >= 1
    line = next(line for line in await orders.waiting(app, police, EID) if line.order.order_id == order.order_id)
    assert (line.order.state, line.name) == (OrderState.PRODUCED, "Trần Thị Hoà")

    given_over = await orders.deliver(app, police, EID, holder, order.order_id)
    assert given_over.state == OrderState.DELIVERED
    _, view = await orders.order(app, police, EID, holder, order.order_id)
    card = view.card
    assert card is not None
    assert (card.kind, card.number, card.issued_on, card.expires_on) == (
        CardKind.CAN_CUOC, order.number, given_over.issued_on, order.expires_on,
    )  # fmt: skip
    printed = orders.printed(given_over, view)
    assert "Tam Kỳ" in printed.address, "with commune and province, as a card has it"
    done = await orders.activate(app, police, EID, holder, order.order_id, write_qr(printed))
    assert done.state == OrderState.ACTIVE
    await app.commit()
    assert order.order_id not in [line.order.order_id for line in await orders.waiting(app, police, EID)]
    # The next one is because something changed, and the card before it is replaced.
    again = await service.order_card(app, police, EID, holder)
    assert again.reason == OrderReason.CHANGED


async def test_only_the_card_ordered_makes_it_active(holder, app, police, worker):
    order = await service.order_card(app, police, EID, holder, reason="lost")
    await app.commit()
    await produced(worker)
    await orders.deliver(app, police, EID, holder, order.order_id)
    now, view = await orders.order(app, police, EID, holder, order.order_id)
    right = orders.printed(now, view)
    wrong_day = write_qr(right).replace(now.issued_on.strftime("%d%m%Y"), "01012020")
    for text in (wrong_day, write_qr(right).replace(order.number, "049190999999"), order.number):
        with pytest.raises(Invalid) as refused:
            await orders.activate(app, police, EID, holder, order.order_id, text)
        assert refused.value.code == "card_order.other_card"
    assert (await orders.activate(app, police, EID, holder, order.order_id, write_mrz(right))).state == OrderState.ACTIVE


async def handed_over(holder, office, app, police, worker, *, before):  # type: ignore[no-untyped-def]
    """An order whose card was handed over in place of one issued on the day `before`: (order, what stands on the new card)."""
    order = await service.order_card(app, police, EID, holder, reason="damaged")
    await office(population.issue_card, holder, kind=CardKind.CHIP, number=order.number, issued_on=before, expires_on=order.expires_on)
    await app.commit()
    await produced(worker)
    await orders.deliver(app, police, EID, holder, order.order_id)
    now, view = await orders.order(app, police, EID, holder, order.order_id)
    return now, orders.printed(now, view)


async def test_the_zone_of_the_card_before_reads_like_the_new_ones_so_the_code_is_asked_for(holder, office, app, police, worker):
    before = SYSTEM_CLOCK.today() - timedelta(days=90)
    order, new = await handed_over(holder, office, app, police, worker, before=before)
    old = replace(new, issued_on=before)
    assert write_mrz(old) == write_mrz(new)
    for text, code in ((write_mrz(old), "card_order.scan_code"), (write_qr(old), "card_order.other_card")):
        with pytest.raises(Invalid) as refused:
            await orders.activate(app, police, EID, holder, order.order_id, text, seen=True)
        assert refused.value.code == code
    assert (await orders.activate(app, police, EID, holder, order.order_id, write_qr(new))).state == OrderState.ACTIVE


async def test_of_two_cards_of_one_day_the_officer_says_which_one_was_read(holder, office, registry, app, police, worker):
    order, new = await handed_over(holder, office, app, police, worker, before=SYSTEM_CLOCK.today())
    await app.commit()
    async with served(registry) as client:
        address = f"/desk/cards/{handle(police, holder)}/{order.order_id}"
        page = (await client.get(address)).text
        assert 'name="seen"' in page
        sent = form_values(page, f"{address}/activate") | {"text": write_qr(new)}
        answer = await client.post(f"{address}/activate", data=sent)
        assert answer.status_code == 422 and "card_order.same_day" in answer.text
        check_page(answer.text)
        assert (await client.post(f"{address}/activate", data=sent | {"seen": "1"})).status_code == 303


async def test_a_card_lost_before_it_was_read_is_not_made_active(holder, office, app, police, worker):
    order, new = await handed_over(holder, office, app, police, worker, before=SYSTEM_CLOCK.today() - timedelta(days=90))
    await office(population.end_card, holder, state=CardState.LOST, on=SYSTEM_CLOCK.today())
    with pytest.raises(Conflict) as refused:
        await orders.activate(app, police, EID, holder, order.order_id, write_qr(new))
    assert refused.value.code == "card_order.ended"


async def test_the_registry_says_why_a_card_is_ordered(holder, office, app, police):
    await office(population.issue_card, holder, kind=CardKind.CHIP, number="049190000001", issued_on=date(2025, 8, 2), expires_on=date(2040, 4, 12))
    await office(population.end_card, holder, state=CardState.LOST, on=date(2026, 1, 5))
    assert (await service.order_card(app, police, EID, holder)).reason == OrderReason.LOST


async def test_one_order_at_a_time_and_none_of_the_impossible(holder, office, app, police):
    await service.order_card(app, police, EID, holder)
    with pytest.raises(Conflict) as refused:
        await service.order_card(app, police, EID, holder)
    assert refused.value.code == "card_order.open"
    numberless = await office.person("Hồ Văn Chưa")
    with pytest.raises(Conflict) as refused:
        await service.order_card(app, police, EID, numberless)
    assert refused.value.code == "card_order.incomplete"
    with pytest.raises(NotFound):
        await orders.order(app, police, EID, holder, 987654)


async def test_steps_are_taken_in_order(holder, app, police, worker):
    order = await service.order_card(app, police, EID, holder)
    with pytest.raises(Conflict):
        await orders.deliver(app, police, EID, holder, order.order_id)
    dropped = await orders.cancel(app, police, EID, holder, order.order_id)
    assert dropped.state == OrderState.CANCELLED
    with pytest.raises(Conflict):
        await orders.cancel(app, police, EID, holder, order.order_id)
    # A cancelled order is in nobody's way.
    assert (await service.order_card(app, police, EID, holder)).order_id != order.order_id


async def test_who_has_no_right_sees_no_list(app, clerk):
    with pytest.raises(NotAllowed):
        await orders.waiting(app, clerk, EID)


async def test_rows_of_others_are_not_seen(holder, app, police, registry):
    await service.order_card(app, police, EID, holder)
    await app.commit()
    async with await psycopg.AsyncConnection.connect(registry.dsn("app")) as fresh:
        assert await (await fresh.execute("SELECT count(*) FROM cards.card_order")).fetchone() == (0,)


async def test_at_the_desk(holder, registry, app, police, worker):
    """The pages, from the scan to the card in use."""
    _, view = await _first_view(app, police, holder)
    await app.rollback()
    async with served(registry) as client:
        del client.headers["authorization"]
        page = (await client.get("/desk/cards")).text
        check_page(page)
        answer = await client.post("/desk/cards", data=form_values(page, "/desk/cards") | {"text": view.personal_id.number, "reason": ""})
        assert answer.status_code == 303, answer.text
        address = answer.headers["location"]
        check_page((await client.get(address)).text)
        await produced(worker)
        page = (await client.get(address)).text
        assert (await client.post(f"{address}/deliver", data=form_values(page, f"{address}/deliver"))).status_code == 303
        page = (await client.get(address)).text
        check_page(page)
        wrong = await client.post(f"{address}/activate", data=form_values(page, f"{address}/activate") | {"text": "nothing"})
        assert wrong.status_code == 422
        check_page(wrong.text)
        key, order_id = (int(part.partition("-")[0]) for part in address.split("/")[-2:])
        order, seen = await orders.order(app, police, EID, key, order_id)
        text = write_qr(orders.printed(order, seen))
        await app.rollback()
        answer = await client.post(f"{address}/activate", data=form_values(page, f"{address}/activate") | {"text": text})
        assert answer.status_code == 303
        assert "Đang dùng" in (await client.get(address)).text


async def _first_view(app, police, key):  # type: ignore[no-untyped-def]
    from dancu.population import service as population

    await app.commit()
    return key, await population.person(app, police, EID, key)


births = st.dates(date(1930, 1, 1), date(2024, 1, 1))


@given(births, st.dates(date(2024, 7, 1), date(2080, 1, 1)))
@settings(deadline=None)
def test_a_card_serves_to_an_age_of_change_at_least_two_years_away(born, issued):
    until = policy.good_until(PartialDate.of(born), issued)
    if until is None:
        assert issued >= born + timedelta(days=int(57.9 * 365.2))
    else:
        assert until.year - born.year in (14, 25, 40, 60)
        assert until - issued >= timedelta(days=730)


@pytest.mark.parametrize(
    ("born", "issued", "until"),
    [
        (PartialDate(1990, 4, 12), date(2022, 4, 5), date(2030, 4, 12)),
        (PartialDate(2001, 1, 1), date(2023, 6, 1), date(2026, 1, 1)),
        (PartialDate(2001, 1, 1), date(2024, 8, 1), date(2041, 1, 1)),
        (PartialDate(2015, 6, 21), date(2026, 1, 1), date(2029, 6, 21)),
        (PartialDate(1960), date(2026, 1, 1), None),
        (PartialDate(2000, 2, 29), date(2022, 1, 1), date(2025, 3, 1)),
    ],
)
def test_until_when_a_card_is_good(born, issued, until):
    assert policy.good_until(born, issued) == until


class Order(RuleBasedStateMachine):
    """However the steps are tried, an order only ever goes forward, and ends."""

    def __init__(self) -> None:
        super().__init__()
        self.state = OrderState.ORDERED
        self.path = [OrderState.ORDERED]

    @rule(then=st.sampled_from(list(OrderState)))
    def tried(self, then: OrderState) -> None:
        try:
            policy.step(self.state, then)
        except Conflict:
            return
        self.state = then
        self.path.append(then)

    @invariant()
    def forward_only(self) -> None:
        whole = [OrderState.ORDERED, OrderState.PRODUCED, OrderState.DELIVERED, OrderState.ACTIVE]
        done = [state for state in self.path if state != OrderState.CANCELLED]
        assert done == whole[: len(done)]
        if OrderState.CANCELLED in self.path:
            assert self.path[-1] == OrderState.CANCELLED
            assert OrderState.DELIVERED not in self.path


TestOrder = Order.TestCase
