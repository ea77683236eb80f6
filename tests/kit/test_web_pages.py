"""Pages: valid, in both languages, safe to show, light."""

import gzip
import re

import pytest
from fastapi import APIRouter
from jinja2 import UndefinedError
from markupsafe import Markup

from dancu.kit.i18n import ngettext, use_language
from dancu.kit.web import Page, Request, Response, local_path, page_of, public, render
from dancu.kit.web.tables import titled
from dancu.kit.web.text import count_vn, group_number

from .html import check_page, form_values, text_of
from .web import client, make_app

PAGE = """{% extends "base_desk.html" %}
{% block title %}{{ _('Tìm người') }}{% endblock %}
{% block content %}<p id="said">{{ said }}</p>{% block hits %}<p>{{ _('{total} dòng', total=said) }}</p>{% endblock %}{% endblock %}
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("templates")
    (folder / "page.html").write_text(PAGE, encoding="utf-8")
    (folder / "broken.html").write_text(PAGE.replace("said }}", "nobody_gave_this }}", 1), encoding="utf-8")
    router = APIRouter(dependencies=[public()])

    @router.get("/desk/page")
    async def page(request: Request, said: str = "") -> Response:
        return render(request, "page.html", said=said)

    @router.get("/broken")
    async def broken(request: Request) -> Response:
        with pytest.raises(UndefinedError):
            render(request, "broken.html", said="")
        return Response("refused")

    @router.get("/slice")
    async def slice_(request: Request) -> dict[str, int]:
        return {"number": page_of(request, size=10, total=95).number}

    @router.get("/desk/unopened")
    async def unopened(request: Request) -> Response:
        return render(request, "unopened.html", said="")

    (folder / "unopened.html").write_text(PAGE, encoding="utf-8")
    made = make_app(router, templates=[folder], demo=True)
    (folder / "unopened.html").write_text(PAGE.replace("said }}", "of_the_next_version }}", 1), encoding="utf-8")
    return made


@pytest.mark.parametrize("surface", ["citizen", "desk", "watch"])
@pytest.mark.parametrize("lang", ["vi", "en"])
async def test_the_living_page(app, surface, lang):
    async with client(app, "staff-token") as browser:
        page = await browser.get(f"/kit/{surface}?lang={lang}")
    tree = check_page(page.text)
    assert tree.get("lang") == lang
    words = text_of(tree)
    assert ("Interface components" in words) == (lang == "en")
    if lang == "en":
        left = re.findall(r"Trạng thái|Chờ bạn|Ngày sinh|Họ tên|không bắt buộc", words)
        assert not left


async def test_the_living_page_is_only_for_demonstration_and_development():
    async with client(make_app(living_page=False)) as browser:
        assert (await browser.get("/kit")).status_code == 404


async def test_what_a_page_and_its_files_weigh(app):
    async with client(app) as browser:
        page = await browser.get("/kit/desk")
        total = len(gzip.compress(page.content))
        for url in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)):
            asset = await browser.get(url)
            assert asset.status_code == 200
            assert "immutable" in asset.headers["cache-control"] and "no-store" not in asset.headers["cache-control"]
            assert asset.headers["content-encoding"] == "gzip"
            total += int(asset.headers["content-length"])
    assert total < 40_000


async def test_static_files_by_content(app):
    async with client(app) as browser:
        url = app.state.assets.url("kit/base.css")
        answer = await browser.get(url)
        again = await browser.get(url, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        old = await browser.get("/static/000000000000/kit/base.css")
        assert "immutable" not in old.headers["cache-control"]
        for outside in ("/static/x/kit/../app.py", "/static/x/kit/%2e%2e/app.py", "/static/x/kit"):
            assert (await browser.get(outside)).status_code == 404


async def test_headers_and_a_new_nonce_each_time(app):
    async with client(app) as browser:
        first, second = await browser.get("/kit"), await browser.get("/kit")
    policy = first.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in first.text
    assert nonce[1] not in second.text
    assert first.headers["cache-control"] == "no-store"
    assert first.headers["x-content-type-options"] == "nosniff"
    assert "strict-transport-security" not in first.headers
    async with client(make_app(https=True)) as browser:
        answer = await browser.get("/kit")
        assert answer.headers["strict-transport-security"]
        assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))


async def test_vietnamese_unless_english_was_chosen_and_the_choice_is_kept(app):
    async with client(app) as browser:
        english_phone = {"Accept-Language": "en-US,en"}
        assert 'lang="vi"' in (await browser.get("/desk/page", headers=english_phone)).text
        assert 'lang="en"' in (await browser.get("/desk/page?lang=en")).text
        assert 'lang="en"' in (await browser.get("/desk/page")).text
        assert 'lang="en"' in (await browser.get("/desk/page?lang=xx")).text
        assert 'lang="vi"' in (await browser.get("/desk/page?lang=vi")).text


async def test_what_was_typed_is_escaped_also_inside_a_translation(app):
    async with client(app) as browser:
        page = await browser.get("/desk/page", params={"said": "<b onclick=x>&"})
    check_page(page.text)
    assert "<b onclick" not in page.text
    assert page.text.count("&lt;b onclick=x&gt;&amp;") == 2


async def test_a_fragment_is_the_block_the_target_names(app):
    async with client(app) as browser:
        fragment = await browser.get("/desk/page?said=7", headers={"HX-Target": "hits"})
        assert fragment.text == "<p>7 dòng</p>"
        whole = await browser.get("/desk/page?said=7", headers={"HX-Target": "no-such-block"})
        assert "<html" in whole.text
        error = await browser.get("/desk/nowhere", headers={"HX-Target": "content"})
        assert "<html" in error.text


async def test_an_undefined_variable_is_an_error(app):
    async with client(app) as browser:
        assert (await browser.get("/broken")).text == "refused"


async def test_a_page_never_opened_is_that_of_the_program_that_runs(app):
    """An upgrade laid down beside a running program."""
    async with client(app) as browser:
        assert (await browser.get("/desk/unopened")).status_code == 200


async def test_the_menu_shows_what_the_actor_may_open(app):
    async with client(app, "staff-token") as browser:
        page = check_page((await browser.get("/desk/page")).text)
        assert [text_of(a) for a in page.iterfind(".//nav[@class='menu']//a")] == ["Tìm người", "Ai"]
        assert "Trần Thị Bích Ngọc" in text_of(page)
    async with client(app, "clerk-token") as browser:
        page = check_page((await browser.get("/desk/page")).text)
        assert [text_of(a) for a in page.iterfind(".//nav[@class='menu']//a")] == ["Ai"]
        assert [a.get("href") for a in page.iterfind(".//a[@aria-current]")] == ["/desk"]
    async with client(app) as browser:
        page = (await browser.get("/desk/page")).text
        assert "/sign-out" not in page


async def test_form_values_come_back_as_typed(app):
    async with client(app) as browser:
        typed = form_values((await browser.get("/kit")).text, "/kit")
    assert typed["name"] == "Công Tằng Tôn Nữ Thị Quỳnh Hương"
    assert (typed["born_day"], typed["born_month"], typed["born_year"]) == ("28", "2", "1990")
    assert typed["sex"] == "f"


@pytest.mark.parametrize(
    ("asked", "number"), [("", 1), ("3", 3), ("99", 10), ("-1", 1), ("x", 1), ("９", 1), ("9" * 50, 1)]
)
async def test_a_page_number_is_made_sane(app, asked, number):
    async with client(app) as browser:
        assert (await browser.get("/slice", params={"page": asked})).json() == {"number": number}


def test_the_window_of_pages():
    assert Page(1, 10, 5).window == [1]
    assert Page(6, 10, 200).window == [1, None, 4, 5, 6, 7, 8, None, 20]
    assert Page(2, 10, 40).window == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "url", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb", "/\t/evil"]
)
def test_next_never_leads_elsewhere(url):
    assert local_path(url) == "/"


def test_numbers_are_grouped_for_the_eye_only():
    shown = str(group_number("049190012345"))
    assert re.sub("<[^>]+>", "", shown) == "049190012345"
    assert shown.count("<span>") == 4
    assert group_number(None) == ""
    assert "<b>" not in group_number("<b>")
    assert count_vn(1234567.5) == "1.234.567,5"


async def test_health_readiness_and_metrics(app):
    async def broken() -> None:
        raise OSError("secret reason")

    async def fine() -> None: ...

    async with client(app) as probe:
        assert (await probe.get("/healthz")).text == "ok\n"
        app.state.ready = {"database": fine}
        assert (await probe.get("/readyz")).json() == {"ready": True, "degraded": False, "checks": {"database": "ok"}}
        app.state.ready = {"database": fine, "log": broken}
        answer = await probe.get("/readyz")
        assert (answer.status_code, answer.json()["checks"]["log"]) == (503, "failed")
        assert "secret" not in answer.text
        assert (await probe.get("/metrics")).status_code == 200, "a demonstration shows them to this machine"
        assert (await probe.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 404
    async with client(make_app(living_page=False)) as probe:
        assert (await probe.get("/metrics")).status_code == 404, "not there where no token is set, for this machine neither"
    guarded = make_app(metrics_token="open-sesame")
    async with client(guarded) as probe:
        bearer = {"Authorization": "Bearer open-sesame"}
        assert 'part="/readyz"' in (await probe.get("/metrics", headers=bearer)).text
        for wrong in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer open"}):
            assert (await probe.get("/metrics", headers=wrong)).status_code == 403


async def test_the_api_description_holds_no_pages(app):
    async with client(app) as browser:
        assert (await browser.get("/api/openapi.json")).json()["paths"] == {}


def test_cells_carry_the_title_of_their_column():
    rows = Markup('<tr class="a"><td>1</td><td class="num">2</td></tr>\n<tr><th scope="row">3</th><track><td></td></tr>')
    assert titled(rows, ["Số <em>", ("Người", "num")]) == (
        '<tr role="row" class="a"><td role="cell" data-title="Số &lt;em&gt;">1</td>'
        '<td role="cell" data-title="Người" class="num">2</td></tr>\n'
        '<tr role="row"><th role="rowheader" data-title="Số &lt;em&gt;" scope="row">3</th><track>'
        '<td role="cell" data-title="Người"></td></tr>'
    )


def test_counts_are_written_as_the_language_does():
    assert count_vn(4606) == "4.606"
    with use_language("en"):
        assert count_vn(4606) == "4,606"
        assert ngettext("{n} dòng", 1746).startswith("1,746")
