"""What other rooms ask of the registry: looking (look, person, search) and the verbs that change it.

Every verb: `await verb(conn, actor, purpose, document, person_key, …) -> Done`; `await verb.preview(…same…)
-> Preview`.

What is offered is imported twice over: for the type checker, and by name for the program, which loads a module when
one of its names is used. tests/kit/test_lazy.py compares the two.
"""

from typing import TYPE_CHECKING

from dancu.kit.lazy import offer

if TYPE_CHECKING:
    from dancu.population.service.act import in_turn
    from dancu.population.service.areas import recompute_areas
    from dancu.population.service.checks import nightly
    from dancu.population.service.correct import (
        change_name,
        change_traits,
        correct_birth,
        correct_facts,
        correct_name,
        correct_traits,
        settle_finding,
    )
    from dancu.population.service.family import (
        annul_marriage,
        divorce,
        end_representation,
        marry,
        set_parent,
        set_representative,
    )
    from dancu.population.service.figures import Figure, figures
    from dancu.population.service.household import (
        change_head,
        create_household,
        join_household,
        leave_household,
        split_household,
    )
    from dancu.population.service.life import declare_missing, die, found_again, undo_death
    from dancu.population.service.look import (
        check_number,
        held,
        history,
        household_looks,
        household_members,
        keys_by_number,
        look,
        named_by,
        number_taken,
        one_line,
        open_person,
        person,
        refusal,
        term,
    )
    from dancu.population.service.merge import merge, undo_merge
    from dancu.population.service.numbers import allocate_number, cancel_number, replace_number
    from dancu.population.service.papers import change_contact, end_card, issue_card
    from dancu.population.service.register import register, register_birth
    from dancu.population.service.residence import cancel_residence, end_residence, move
    from dancu.population.service.revoked import still_without_card, with_card_again, without_card
    from dancu.population.service.search import Hit, hits_of, search
    from dancu.population.service.words import Summary, summary

__all__ = [
    "Figure",
    "Hit",
    "Summary",
    "allocate_number",
    "annul_marriage",
    "cancel_number",
    "cancel_residence",
    "change_contact",
    "change_head",
    "change_name",
    "change_traits",
    "check_number",
    "correct_birth",
    "correct_facts",
    "correct_name",
    "correct_traits",
    "create_household",
    "declare_missing",
    "die",
    "divorce",
    "end_card",
    "end_representation",
    "end_residence",
    "figures",
    "found_again",
    "held",
    "history",
    "hits_of",
    "household_looks",
    "household_members",
    "in_turn",
    "issue_card",
    "join_household",
    "keys_by_number",
    "leave_household",
    "look",
    "marry",
    "merge",
    "move",
    "named_by",
    "nightly",
    "number_taken",
    "one_line",
    "open_person",
    "person",
    "recompute_areas",
    "refusal",
    "register",
    "register_birth",
    "replace_number",
    "search",
    "set_parent",
    "set_representative",
    "settle_finding",
    "split_household",
    "still_without_card",
    "summary",
    "term",
    "undo_death",
    "undo_merge",
    "with_card_again",
    "without_card",
]

offer(
    __name__,
    {
        "dancu.population.service.act": ("in_turn",),
        "dancu.population.service.areas": ("recompute_areas",),
        "dancu.population.service.checks": ("nightly",),
        "dancu.population.service.correct": (
            "change_name",
            "change_traits",
            "correct_birth",
            "correct_facts",
            "correct_name",
            "correct_traits",
            "settle_finding",
        ),
        "dancu.population.service.family": (
            "annul_marriage",
            "divorce",
            "end_representation",
            "marry",
            "set_parent",
            "set_representative",
        ),
        "dancu.population.service.figures": ("Figure", "figures"),
        "dancu.population.service.household": (
            "change_head",
            "create_household",
            "join_household",
            "leave_household",
            "split_household",
        ),
        "dancu.population.service.life": ("declare_missing", "die", "found_again", "undo_death"),
        "dancu.population.service.look": (
            "check_number",
            "held",
            "history",
            "household_looks",
            "household_members",
            "keys_by_number",
            "look",
            "named_by",
            "number_taken",
            "one_line",
            "open_person",
            "person",
            "refusal",
            "term",
        ),
        "dancu.population.service.merge": ("merge", "undo_merge"),
        "dancu.population.service.numbers": ("allocate_number", "cancel_number", "replace_number"),
        "dancu.population.service.papers": ("change_contact", "end_card", "issue_card"),
        "dancu.population.service.register": ("register", "register_birth"),
        "dancu.population.service.residence": ("cancel_residence", "end_residence", "move"),
        "dancu.population.service.revoked": ("still_without_card", "with_card_again", "without_card"),
        "dancu.population.service.search": ("Hit", "hits_of", "search"),
        "dancu.population.service.words": ("Summary", "summary"),
    },
)
