"""Vietnamese needs no catalogue; English comes from the rooms' files; nothing ever shows a code."""

import pytest

from dancu.kernel.errors import FieldError, NotFound
from dancu.kit import i18n

WAIT = "Xin đợi {seconds} giây"


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch):
    texts = {"Xin chào {who}": "Hello {who}", "{n} người": "{n} person | {n} people", "Tối đa {n}": "At most {n}", WAIT: "Wait {seconds} seconds"}
    monkeypatch.setattr(i18n, "catalogue", lambda lang: texts if lang == "en" else {})


def test_texts():
    assert i18n.gettext("Xin chào {who}", "vi", who="An") == "Xin chào An"
    assert i18n.gettext("Xin chào {who}", "en", who="{x}") == "Hello {x}"
    assert i18n.gettext("Chưa dịch", "en") == "Chưa dịch"
    assert [i18n.ngettext("{n} người", n, "en") for n in (0, 1, 2)] == ["0 people", "1 person", "2 people"]
    assert i18n.ngettext("{n} người", 1, "vi") == "1 người"


def test_the_language_of_the_moment():
    assert i18n.language() == "vi"
    with i18n.use_language("en"):
        assert i18n.gettext("Xin chào {who}", who="An") == "Hello An"
        with i18n.use_language("xx"):
            assert i18n.language() == "vi"
    assert i18n.language() == "vi"


def test_failures_speak_the_language():
    assert i18n.error_text(NotFound("a.b", "Tối đa {n}", n=3), "en") == "At most 3"
    assert i18n.error_text(FieldError("f", "a.b", "Tối đa {n}", (("n", 3),)), "en") == "At most 3"


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [(119, "119 giây", "119 seconds"), (120, "2 phút", "2 minutes"), (181, "4 phút", "4 minutes"), (17_279, "5 giờ", "5 hours")],
)
def test_a_long_wait_is_told_as_people_count_it(seconds, vi, en):
    error = NotFound("a.wait", WAIT, seconds=seconds)
    assert (i18n.error_text(error, "vi"), i18n.error_text(error, "en")) == (f"Xin đợi {vi}", f"Wait {en}")
