"""Taking a verb back. All facts of a verb carry one recorded instant, so what it closed and what it opened
can be told apart for ever; taking it back says the closed ones again and closes the opened ones. Both stay in
history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from dancu.kernel.errors import Conflict
from dancu.kit.i18n import N_
from dancu.population.models import Fact, HouseholdFact
from dancu.population.policy.work import Work


def reverse(work: Work, key: int, history: Iterable[Fact], tick: datetime) -> None:
    """Undo what was recorded of `key` (and of households in the work) at `tick`. Refused when a fact of that
    verb has been changed since: the later change rests on it."""
    history = list(history)
    of_households = [f for f in history if isinstance(f, HouseholdFact)]
    known = [f for f in of_households if f.stored and f.stored.known_until is None]
    for version in of_households:
        work.enter_household(version.household_key, known, key)
    for fact in history:
        if fact.stored is None:
            continue
        if isinstance(fact, HouseholdFact):
            _household(work, fact, tick)
        elif fact.stored.known_from == tick:
            current = next((f for f in work.facts(key, type(fact)) if _same(f, fact)), None)
            if current is None:
                raise changed_since()
            work.close(key, current)
        elif fact.stored.known_until == tick:
            work.open(key, fact)


def _household(work: Work, fact: HouseholdFact, tick: datetime) -> None:
    household = work.households.get(fact.household_key)
    if household is None or fact.stored is None:
        return
    if fact.stored.known_from == tick:
        if not any(_same(v, fact) for v in household.versions):
            if any(v.stored is None for v in household.versions):
                return  # reversed already on behalf of another person of this household
            raise changed_since()
        household.versions = [v for v in household.versions if not _same(v, fact)]
    elif fact.stored.known_until == tick and not any(v == fact for v in household.versions):
        work.say_household_again(fact)


def _same(a: Fact, b: Fact) -> bool:
    return a.stored is not None and b.stored is not None and a.stored.fact_id == b.stored.fact_id


def changed_since() -> Conflict:
    return Conflict(
        "change.changed_since",
        N_("Đã có thay đổi khác dựa trên việc này. Hãy xử lý các thay đổi đó trước khi hủy."),
    )
