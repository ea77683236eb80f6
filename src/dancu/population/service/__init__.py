"""What other rooms ask of the registry: looking (look, person, search) and the verbs that change it."""

from dancu.population.service.correct import (
    change_name,
    change_traits,
    correct_birth,
    correct_facts,
    correct_name,
    correct_traits,
    settle_finding,
)
from dancu.population.service.life import declare_missing, die, found_again, undo_death
from dancu.population.service.look import look, open_person, person
from dancu.population.service.register import register, register_birth
from dancu.population.service.residence import cancel_residence, end_residence, move

__all__ = [
    "cancel_residence",
    "change_name",
    "change_traits",
    "correct_birth",
    "correct_facts",
    "correct_name",
    "correct_traits",
    "declare_missing",
    "die",
    "end_residence",
    "found_again",
    "look",
    "move",
    "open_person",
    "person",
    "register",
    "register_birth",
    "settle_finding",
    "undo_death",
]
