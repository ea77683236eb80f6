"""Register files as they arrive: digitised birth books and residence registers with every flaw the field
knows, each row with its truth beside it; and clean rows at speed for benchmarks. Columns and flaws:
data/README.md."""

from dancu.demo.messy.birth_book import BIRTH_COLUMNS, write_birth_book
from dancu.demo.messy.clean import write_clean_people
from dancu.demo.messy.files import truth_path
from dancu.demo.messy.residence_register import RESIDENCE_COLUMNS, write_residence_register

__all__ = [
    "BIRTH_COLUMNS",
    "RESIDENCE_COLUMNS",
    "truth_path",
    "write_birth_book",
    "write_clean_people",
    "write_residence_register",
]
