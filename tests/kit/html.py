"""Is this a page we may show? Called on every page that any test fetches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

import html5lib

# What html5lib calls errors but today's standard allows: nothing that our pages use.
_TOLERATED: frozenset[str] = frozenset()
_LABELLED = frozenset({"input", "select", "textarea"})
_UNLABELLED_TYPES = frozenset({"hidden", "submit", "button", "reset", "image"})
_TEMPLATE_LEFTOVERS = re.compile(r"\{\{|\}\}|\{%|%\}|\bUndefined\b|<Undefined|\{[a-z_]+\}")

Element = ElementTree.Element


def parse(html: str) -> Element:
    """The page as a tree without namespaces, for tests that look for something in it."""
    return _parsed(html, fragment=False)[0]


@lru_cache(maxsize=8)
def _parsed(html: str, *, fragment: bool) -> tuple[Element, list[str]]:
    """The tree, and what is wrong with the text. Reading a page costs more than making it, and a test that checks a page
    goes on to look at it and to fill its forms."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parseFragment(html) if fragment else parser.parse(html)
    return tree, list(_syntax(html, parser.errors))


def text_of(element: Element) -> str:
    """The element's text with white space collapsed; scripts and styles left out."""
    return " ".join(" ".join(_texts(element)).split())


def _texts(element: Element) -> Iterator[str]:
    if isinstance(element.tag, str) and element.tag not in ("script", "style"):
        yield element.text or ""
        for child in element:
            yield from _texts(child)
            yield child.tail or ""


def form_values(html: str, action: str | None = None) -> dict[str, str]:
    """What a browser would send for the form with this action (the first form of the page when None),
    untouched."""
    for form in parse(html).iter("form"):
        if action is None or form.get("action") == action:
            return dict(_values(form))
    raise AssertionError(f"no form with action {action!r}")


def _values(form: Element) -> Iterator[tuple[str, str]]:
    for field in form.iter():
        name = field.get("name")
        if not name or field.get("disabled") is not None:
            continue
        if field.tag == "input":
            kind = field.get("type", "text")
            if kind in ("checkbox", "radio") and field.get("checked") is None:
                continue
            if kind not in ("submit", "button", "file"):
                yield name, field.get("value", "on" if kind == "checkbox" else "")
        elif field.tag == "textarea":
            yield name, field.text or ""
        elif field.tag == "select":
            options = list(field.iter("option"))
            chosen = [o for o in options if o.get("selected") is not None] or options[:1]
            if chosen:
                yield name, chosen[0].get("value", chosen[0].text or "")


def check_page(html: str, *, fragment: bool = False) -> Element:
    """Assert that the page is valid HTML, has a language, a title and one h1, that forms state where they go
    and carry the CSRF token, that scripts carry the nonce, ids are unique, fields have labels, and no
    template text is left. Returns the tree."""
    tree = parse(html)
    problems = list(_parsed(html, fragment=fragment)[1])
    problems += _ids(tree)
    problems += _forms(tree)
    problems += _fields(tree)
    problems += _scripts(tree)
    problems += _leftovers(tree)
    problems += _pictures(tree)
    if not fragment:
        problems += _head(tree)
    assert not problems, "\n".join(problems)
    return tree


def _syntax(html: str, errors: list[Any]) -> Iterator[str]:
    lines = html.split("\n")
    for (line, _), code, details in errors:
        if code not in _TOLERATED:
            context = lines[line - 1].strip()[:120] if line <= len(lines) else ""
            yield f"line {line}: {code} {details or ''} near {context!r}"


def _head(tree: Element) -> Iterator[str]:
    if not tree.get("lang"):
        yield "html has no lang"
    title = tree.find("head/title")
    if title is None or not (title.text or "").split("·")[0].strip():
        yield "no title"
    headings = [text_of(h) for h in tree.iter("h1")]
    if len(headings) != 1 or not headings[0]:
        yield f"exactly one h1 expected, found {headings}"
    if tree.find(".//main") is None:
        yield "no main"


def _ids(tree: Element) -> Iterator[str]:
    ids = Counter(e.get("id") for e in tree.iter() if e.get("id") is not None)
    yield from (f"id {name!r} stands {n} times" for name, n in ids.items() if n > 1 or not name)
    for element in tree.iter():
        for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            for target in (element.get(attribute) or "").split():
                if target not in ids:
                    yield f"{attribute}={target!r} leads nowhere"
        href = element.get("href") or ""
        if element.tag == "a" and href.startswith("#f-") and href[1:] not in ids:
            yield f"link {href} leads to no field"


def _forms(tree: Element) -> Iterator[str]:
    for form in tree.iter("form"):
        method = (form.get("method") or "get").lower()
        if method == "dialog":
            continue
        if not form.get("action"):
            yield f"a {method} form has no action"
        if method == "post":
            names = [f.get("name") for f in form.iter("input")]
            if names.count("csrf_token") != 1:
                yield f"form {form.get('action')} needs one csrf token, has {names.count('csrf_token')}"


def _fields(tree: Element) -> Iterator[str]:
    labelled = {label.get("for") for label in tree.iter("label")}
    inside = {id(field) for label in tree.iter("label") for field in label.iter() if field.tag in _LABELLED}
    for field in tree.iter():
        if field.tag not in _LABELLED or field.get("type") in _UNLABELLED_TYPES:
            continue
        named = field.get("aria-label") or field.get("aria-labelledby")
        if not named and field.get("id") not in labelled and id(field) not in inside:
            yield f"field {field.get('name')!r} has no label"
    for button in [*tree.iter("button"), *tree.iter("a")]:
        if not (text_of(button) or button.get("aria-label")):
            yield f"a {button.tag} without words: {button.attrib}"


def _scripts(tree: Element) -> Iterator[str]:
    for script in tree.iter("script"):
        if not script.get("nonce") and script.get("type") not in ("application/json", "application/ld+json"):
            yield f"script without nonce: {script.get('src') or 'inline'}"
    for style in tree.iter("style"):
        if not style.get("nonce"):
            yield "style without nonce"
    for element in tree.iter():
        for attribute in element.attrib:
            if attribute == "style" or attribute.startswith("on"):
                yield f"{attribute}= on <{element.tag}>: the content security policy blocks it"


def _leftovers(tree: Element) -> Iterator[str]:
    body = tree.find("body")
    for found in set(_TEMPLATE_LEFTOVERS.findall(text_of(body if body is not None else tree))):
        yield f"template text left on the page: {found!r}"


def _pictures(tree: Element) -> Iterator[str]:
    for picture in tree.iter("img"):
        if picture.get("alt") is None:
            yield f"img without alt: {picture.get('src')}"
    for drawing in tree.iter("svg"):
        if drawing.get("aria-hidden") != "true" and not (
            drawing.get("aria-label") or drawing.get("aria-labelledby") or drawing.find("title") is not None
        ):
            yield "svg without words or aria-hidden"
