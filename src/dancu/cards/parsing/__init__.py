"""Text of an ID card as a reader hands it over, and the other way round. Pure; the only error is Invalid."""

from dancu.cards.parsing.mrz import read_mrz, write_mrz
from dancu.cards.parsing.qr import read_qr, write_qr
from dancu.cards.parsing.text import LONGEST, read_text

__all__ = ["LONGEST", "read_mrz", "read_qr", "read_text", "write_mrz", "write_qr"]
