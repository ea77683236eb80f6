"""Vietnamese personal names: repair of what legacy systems left, the normal form, and the keys for comparing,
searching and sorting. Words are 1 to 7; one word is a whole name; no list of surnames is ever complete."""

from ..text import fold_ascii
from .checking import explain, findings_of, name_findings
from .form import NameForm, NameKeys, ascii_key, normal_form, plain_keys, repair, search_tokens
from .legacy import Encoding, decode, detect_encoding, double_encoded, single_encoded
from .sorting import sort_key
from .tones import tone_fold

__all__ = [
    "Encoding",
    "NameForm",
    "NameKeys",
    "ascii_key",
    "decode",
    "detect_encoding",
    "double_encoded",
    "explain",
    "findings_of",
    "fold_ascii",
    "name_findings",
    "normal_form",
    "plain_keys",
    "repair",
    "search_tokens",
    "single_encoded",
    "sort_key",
    "tone_fold",
]
