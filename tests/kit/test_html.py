"""The page checker finds what it is there to find."""

import pytest

from .html import check_page, form_values

GOOD = (
    '<!doctype html><html lang="vi"><head><meta charset="utf-8"><title>Tìm · Dancu</title></head>'
    '<body><main><h1>Tìm</h1><form method="post" action="/a"><input type="hidden" name="csrf_token" value="t">'
    '<label for="f-x">X</label><input id="f-x" name="x" value="1"></form>'
    '<script src="/s.js" nonce="n"></script></main></body></html>'
)


def test_a_good_page_passes():
    assert check_page(GOOD).get("lang") == "vi"
    assert form_values(GOOD) == {"csrf_token": "t", "x": "1"}


@pytest.mark.parametrize(
    ("good", "bad", "finding"),
    [
        (' lang="vi"', "", "no lang"),
        ("<title>Tìm · Dancu</title>", "<title> · Dancu</title>", "no title"),
        ("<h1>Tìm</h1>", "<h1>Tìm</h1><h1>Lại</h1>", "one h1"),
        ("<h1>Tìm</h1>", "", "one h1"),
        ('<input type="hidden" name="csrf_token" value="t">', "", "csrf token"),
        (' action="/a"', "", "no action"),
        ('<label for="f-x">X</label>', "", "no label"),
        ('<label for="f-x">X</label>', '<label for="f-y">X</label>', "leads nowhere"),
        (' nonce="n"', "", "without nonce"),
        ("</form>", "</form><p id='f-x'></p>", "2 times"),
        ("</form>", "</form><p>{{ person }}</p>", "template text"),
        ("</form>", "</form><p>Xin chào {name}</p>", "template text"),
        ("</form>", '</form><p style="color:red">x</p>', "blocks it"),
        ("</form>", '</form><p onclick="x()">x</p>', "blocks it"),
        ("</form>", '</form><img src="/x.png">', "without alt"),
        ("</form>", '</form><a href="/x"></a>', "without words"),
        ("</form>", '</form><a href="#f-z">x</a>', "no field"),
        ("</form>", "</form></p><div></span>", "line 1"),
        ("<!doctype html>", "", "line 1"),
        ("<main>", "<div>", "no main"),
    ],
)
def test_it_finds(good, bad, finding):
    assert good in GOOD
    with pytest.raises(AssertionError, match=finding):
        check_page(GOOD.replace(good, bad, 1))
