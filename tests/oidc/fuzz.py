"""Malformed requests for every endpoint of the provider: what a client would really send, with one to three things spoiled.

Each request comes from a seed and its number alone, so that one that failed can be made again (`requests(material, seed)`).
They go to the application as bytes: a client library would mend half of them.
"""

from __future__ import annotations

import base64
import json
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_from_bytes, quote_plus

FORM = "application/x-www-form-urlencoded"
NASTY = (
    "", " ", "\t", "null", "true", "-1", "0", "NaN", "[]", "{}", '{"a":', "[" * 3000, "a" * 5000, "x" * 40_000, "%", "%zz", "%00", "\x00", "\x7f", "\ud800", "\uffff",
    "đường", "🇻🇳", "\u202e", "\u0130", "٣", "²", "../../etc/passwd", "' OR 1=1--", "<script>alert(1)</script>", "\r\nSet-Cookie: a=b", "{{7*7}}", "urn:ietf:params:oauth:request_uri:x",
    "javascript:alert(1)", "//evil.example", "https://evil.example/back", "http://[::1", "http://a:99999/", "openid " * 200, "openid openid", "9" * 400, "1e999", "2147483648",
    "9223372036854775808", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "e30.e30.e30", "....", "S256", "query", "form_post", "login none", "none", "code token", "device", "5s",
)  # fmt: skip
CLAIMS: tuple[Any, ...] = (None, True, 0, -1, 1e308, 10**30, "1", [], {}, [[]], {"a": {"b": {}}}, "x" * 3000, "\ud83d", ["a"] * 200, 2**63)
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "BREW")


@dataclass
class Shot:
    """One request. `params` go into the address for GET, else into the body, unless `body` says what to send."""

    method: str
    path: str
    params: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | None = None
    content_type: str = FORM
    spoiled: list[str] = field(default_factory=list)

    def wire(self) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
        """(query, headers, body) as bytes."""
        coded = "&".join(f"{_coded(name)}={_coded(value)}" for name, value in self.params).encode("latin-1")
        inside = self.method == "POST"
        body = self.body if self.body is not None else (coded if inside else b"")
        headers = [(b"host", b"localhost"), (b"content-length", str(len(body)).encode())]
        if inside or self.body is not None:
            headers.append((b"content-type", _header(self.content_type)))
        return (b"" if inside else coded), headers + [(name.lower().encode(), _header(value)) for name, value in self.headers], body


def _coded(text: str) -> str:
    """As a browser escapes it; a value that starts with % goes as it is, so that wrong escapes arrive too."""
    return text if text.startswith("%") else quote_from_bytes(text.encode("utf-8", "surrogatepass")) if "\ud800" in text else quote_plus(text)


def _header(text: str) -> bytes:
    """What a server lets through: no line breaks, no NUL."""
    return text.replace("\r", "").replace("\n", "").replace("\x00", "").encode("utf-8", "replace")[:30_000]


@dataclass
class Material:
    """Real things of one provider, fresh enough to be accepted. Functions make a new one each time."""

    starts: list[Callable[[], Shot]]
    signed: list[Callable[[dict[str, Any], dict[str, Any]], str]]


def requests(material: Material, seed: int, first: int, count: int) -> list[tuple[int, Shot]]:
    """Requests number `first` and following of this seed."""
    found = []
    for number in range(first, first + count):
        chance = random.Random(f"{seed}/{number}")
        shot = chance.choice(material.starts)()
        for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3))):
            spoil = chance.choice(SPOILS)
            spoil(chance, shot, material)
            shot.spoiled.append(spoil.__name__)
        found.append((number, shot))
    return found


def a_parameter(chance: random.Random, shot: Shot, _: Material) -> None:
    if shot.params:
        at = chance.randrange(len(shot.params))
        shot.params[at] = (shot.params[at][0], chance.choice(NASTY))


def a_letter(chance: random.Random, shot: Shot, _: Material) -> None:
    """One letter of a value is another, or is gone."""
    if shot.params:
        at = chance.randrange(len(shot.params))
        name, value = shot.params[at]
        if value:
            where = chance.randrange(len(value))
            shot.params[at] = (name, value[:where] + chance.choice(("", "A", "=", "\u00e9", "~")) + value[where + 1 :])


def fewer(chance: random.Random, shot: Shot, _: Material) -> None:
    if shot.params:
        del shot.params[chance.randrange(len(shot.params))]


def twice(chance: random.Random, shot: Shot, _: Material) -> None:
    if shot.params:
        shot.params.insert(0, chance.choice(shot.params))


def more(chance: random.Random, shot: Shot, _: Material) -> None:
    names = (
        "request", "request_uri", "response_mode", "prompt", "max_age", "claims", "acr_values", "id_token_hint", "login_hint", "resource",
        "authorization_details", "dpop_jkt", "client_secret", "client_assertion", "code_challenge_method", "ui_locales", "display", "registration",
        "audience", "actor_token", "requested_expiry", "user_code", "post_logout_redirect_uri", "binding_message", "nonce", "purpose", "\x00", "đ", "",
    )  # fmt: skip
    shot.params += [(chance.choice(names), chance.choice(NASTY)) for _ in range(chance.choice((1, 1, 2, 80)))]


def a_header(chance: random.Random, shot: Shot, _: Material) -> None:
    name = chance.choice(("Authorization", "DPoP", "DPoP", "Accept", "Content-Type", "Cookie", "Client-Cert", "Content-Length", "X-Forwarded-For", "Accept-Language"))
    raw = chance.choice(NASTY)
    value = {
        "Authorization": chance.choice((f"Basic {raw}", f"Basic {base64.b64encode(raw.encode('utf-8', 'replace')).decode()}", "Basic Og==", "Basic", f"Bearer {raw}", f"DPoP {raw}", raw)),
        "Cookie": f"dancu_session={raw}",
    }.get(name, raw)  # fmt: skip
    if chance.random() < 0.5:
        shot.headers = [one for one in shot.headers if one[0] != name]
    shot.headers.append((name, value))


def no_header(chance: random.Random, shot: Shot, _: Material) -> None:
    if shot.headers:
        del shot.headers[chance.randrange(len(shot.headers))]


def a_method(chance: random.Random, shot: Shot, _: Material) -> None:
    shot.method = chance.choice(METHODS)


def a_body(chance: random.Random, shot: Shot, _: Material) -> None:
    shot.body = chance.choice((
        b"", b"\xff\xfe\x00", b"&&&&", b"=", b"a=%ff%fe&b=%", b"a" * 70_000, json.dumps(dict(shot.params)).encode("utf-8", "replace"), b"[]", b"null", b'{"rows": 1}', b'{"rows": [1]}',
        b'{"rows": [{"ref": "1"}]}', b"[" * 20_000, b'{"rows": [{"ref":"\\ud800","personal_id":"1","name":"a","birthdate":"b"}]}', chance.randbytes(200),
        b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--",
    ))  # fmt: skip


def a_type(chance: random.Random, shot: Shot, _: Material) -> None:
    shot.content_type = chance.choice(("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=x", "", FORM + "; charset=utf-16", FORM.upper(), "\xff", "x" * 3000))


def a_token(chance: random.Random, shot: Shot, material: Material) -> None:
    """A signature that is right over a content that is not."""
    made = chance.choice(material.signed)
    names = ("exp", "iat", "nbf", "jti", "iss", "sub", "aud", "htm", "htu", "ath", "nonce", "client_id", "redirect_uri", "scope", "response_type", "claims", "max_age")
    claims = {chance.choice(names): chance.choice(CLAIMS) for _ in range(chance.choice((0, 1, 1, 2, 5)))}
    header = {chance.choice(("typ", "kid", "jwk", "crit", "x5c", "jku", "b64", "alg")): chance.choice(CLAIMS)} if chance.random() < 0.5 else {}
    token = made(claims, header)
    if chance.random() < 0.3:
        head, _, rest = token.partition(".")
        token = chance.choice((head + "." + rest[:-4], "e30." + rest, f"{head}.{rest.split('.')[0]}.", token + ".x", token + "=", f"{_none(head)}.{rest}"))
    where = chance.choice(("client_assertion", "request", "id_token_hint", "token", "subject_token", "login_hint_token", "DPoP", "Authorization"))
    if where in ("DPoP", "Authorization"):
        shot.headers = [one for one in shot.headers if one[0] != where]
        shot.headers.append((where, token if where == "DPoP" else f"{chance.choice(('Bearer', 'DPoP'))} {token}"))
    else:
        shot.params = [one for one in shot.params if one[0] != where] + [(where, token)]


def _none(head: str) -> str:
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=="))
    except ValueError:
        header = {}
    return base64.urlsafe_b64encode(json.dumps({**header, "alg": secrets.choice(("none", "HS256"))}).encode()).rstrip(b"=").decode()


SPOILS = (a_parameter, a_parameter, a_letter, fewer, twice, more, a_header, no_header, a_method, a_body, a_type, a_token, a_token)
