"""What officers type, read and explained: fields of the verbs' forms, each with how it is shown and what it means."""

from dancu.population.forms.basis import Basis, offered_bases, read_basis
from dancu.population.forms.choices import FactChoices
from dancu.population.forms.fields import (
    Check,
    Choice,
    Day,
    Field,
    Heading,
    NameText,
    PartialDay,
    Text,
)
from dancu.population.forms.head import HeadMovesField
from dancu.population.forms.pick import FactPick, FindingPick, Housemates, Newcomers
from dancu.population.forms.places import PlaceField
from dancu.population.forms.reading import Reading
from dancu.population.forms.relatives import NewNumber, PersonNumber, Relative

__all__ = [
    "Basis",
    "Check",
    "Choice",
    "Day",
    "FactChoices",
    "FactPick",
    "Field",
    "FindingPick",
    "HeadMovesField",
    "Heading",
    "Housemates",
    "NameText",
    "NewNumber",
    "Newcomers",
    "PartialDay",
    "PersonNumber",
    "PlaceField",
    "Reading",
    "Relative",
    "Text",
    "offered_bases",
    "read_basis",
]
