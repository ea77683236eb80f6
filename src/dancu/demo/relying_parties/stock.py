"""The electricity company's customers of the demonstration: the well-known family and others, as such a company wrote them down."""

from __future__ import annotations

from pathlib import Path

from dancu.demo import personas
from dancu.demo.relying_parties.customers import Customers

# The old passwords stand on the page: nobody here is real.
PASSWORD = "dien-2019"  # noqa: S105
_MONTHS = ("2026-08", "2026-09", "2026-10")
_DONG_PER_KWH = 2_380


def fill(folder: Path) -> None:
    """Once; what is there stays."""
    path = folder / "customers.db"
    if path.exists():
        return
    customers = Customers(path)
    for at, (customer_no, name, birthdate, number, since) in enumerate(_CUSTOMERS):
        used = [(month, kwh := 80 + (at * 37 + n * 23) % 190, kwh * _DONG_PER_KWH) for n, month in enumerate(_MONTHS)]
        customers.add(customer_no, name, birthdate, number, since, PASSWORD, used)


_CUSTOMERS = (
    # The same woman twice: once when she moved in, once when the meter of the shop was put up. Both match, and become one.
    ("PC05001234", "Trần Thị Hoà", "1990-04-12", personas.HEAD_NUMBER, "2014-10-01"),
    ("PC05007788", "TRẦN THỊ HÒA", "1990-04-12", personas.HEAD_NUMBER, "2019-03-15"),
    # Typed without marks: ambiguous, so he proves it with the old password once.
    ("PC05002345", "Nguyen Van Minh", "1987-11-03", personas.HUSBAND_NUMBER, "2012-05-20"),
    ("PC05003456", "Trần Thị Thu Thủy", "1993-09-27", personas.SISTER_NUMBER, "2017-05-04"),
    # A birth year alone: the registry knows the day, so it is not certain either.
    ("PC05004567", "Bhuốch", "1991", personas.BROTHER_IN_LAW_NUMBER, "2017-06-01"),
    # The account of one who died, still in his name.
    ("PC05005678", "Trần Văn Bảy", "1955-08-19", personas.GRANDFATHER_NUMBER, "1998-02-11"),
    # A number copied wrong.
    ("PC05006789", "Phạm Văn Lực", "1979-02-02", "049079000000", "2008-07-30"),
)
