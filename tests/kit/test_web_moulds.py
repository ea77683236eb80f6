"""Pages rendered once and filled in: the same page as ever, and nothing of one reader on another's."""

import gzip
import re

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st

from dancu.kit.web import Request, Response, public, render, render_filled
from dancu.kit.web.moulds import FilledPage, Marks, Mould, Moulds

from .web import client, make_app

PAGE = """{% extends "base_citizen.html" %}
{% block title %}{{ _('Tìm người') }}{% endblock %}
{% block content %}<form method="post">{{ csrf() }}{{ ui.hidden_field('said', said) }}<p data-of="{{ thing.part }}">{{ _('{total} dòng', total=said) }}</p>
{% if rare %}<p id="rare"></p>{% endif %}{% if said %}<p id="said"></p>{% endif %}<form method="post">{{ csrf() }}</form></form>{% endblock %}
{% block scripts %}<script nonce="{{ nonce }}"></script>{% endblock %}
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    router = APIRouter(dependencies=[public()])

    @router.get("/filled")
    async def filled(request: Request, said: str = "", rare: bool = False) -> Response:
        return render_filled(
            request, "page.html", variant=rare, values={"said": said, "thing.part": said[::-1]}, base="base_citizen.html", rare=rare
        )

    @router.get("/rendered")
    async def rendered(request: Request, said: str = "", rare: bool = False) -> Response:
        return render(request, "page.html", base="base_citizen.html", said=said, thing={"part": said[::-1]}, rare=rare)

    return make_app(router, templates=[folder], demo=True)


def _without_tokens(page: str) -> str:
    page = re.sub(r'(name="csrf_token" value=")[^"]{40,}"', r'\1"', page)
    page = re.sub(r'nonce="[^"]{20,}"', 'nonce=""', page)
    return re.sub(r"<code>[0-9a-f]{24}</code>", "<code></code>", page)


@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_the_page_is_the_one_that_is_rendered(app, lang):
    async with client(app) as browser:
        for said in ("An", '"><script>', "&amp; é", ""):
            for rare in ("false", "true"):
                asked = {"said": said, "rare": rare, "lang": lang}
                once = (await browser.get("/filled", params=asked)).text
                assert _without_tokens(once) == _without_tokens((await browser.get("/rendered", params=asked)).text)


async def test_tokens_are_of_this_request_and_browser(app):
    seen = []
    for _ in range(2):
        async with client(app) as browser:
            page = await browser.get("/filled?said=x")
            nonce, request_id = re.findall(r"nonce-([^']+)'", page.headers["content-security-policy"])[0], page.headers["x-request-id"]
            assert f'nonce="{nonce}"' in page.text
            assert request_id in page.text
            tokens = set(re.findall(r'name="csrf_token" value="([^"]+)"', page.text))
            cookie = browser.cookies
            assert len(tokens) == 1
            assert cookie
            seen.append((nonce, request_id, *tokens, *cookie.values()))
    assert not set(seen[0]) & set(seen[1])


async def test_a_filled_page_does_not_show_who_is_signed_in_to_others(app):
    async with client(app, "citizen-token") as browser:
        assert "Nguyễn Văn An" in (await browser.get("/filled?said=y")).text
    async with client(app) as browser:
        assert "Nguyễn Văn An" not in (await browser.get("/filled?said=y")).text


def test_moulds_are_bounded_and_slots_are_named():
    moulds = Moulds()
    for n in range(300):
        assert moulds.get(n, lambda marks: f"<{marks.of('a')}|{marks.of('b.c')}>").fill({"a": "<", "b.c": "1"}).plain() == b"<&lt;|1>"
    assert len(moulds._known) <= 256
    with pytest.raises(ValueError, match="A-B"):
        Marks().of("A-B")
    with pytest.raises(KeyError):
        moulds.get(299, str).fill({"a": ""})


@given(st.lists(st.tuples(st.text(), st.text(max_size=40))), st.text(), st.booleans())
def test_a_page_compressed_is_the_page(pieces, last, long):
    mould = Mould([*(text for text, _ in pieces), last], [f"slot{n}" for n in range(len(pieces))])
    page = FilledPage(mould.fill({f"slot{n}": value * (2000 if long else 1) for n, (_, value) in enumerate(pieces)}), 200)
    assert gzip.decompress(page.gzipped()) == page.body


def test_what_differs_is_longer_than_a_block_holds():
    page = FilledPage(Mould(["<", ">"], ["a"]).fill({"a": "ă" * 100_000}), 200)
    assert gzip.decompress(page.gzipped()) == page.body == f"<{'ă' * 100_000}>".encode()
