"""From a request of the web to what the services look at, and from their answers back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from itertools import starmap
from typing import Any
from urllib.parse import urlsplit

import orjson

from dancu.kernel.errors import DancuError, Exceeded, Unavailable
from dancu.kit.web import Bounded, Request, Response
from dancu.kit.web.ready import Ready
from dancu.oidc.present import demo_of as demo_of
from dancu.oidc.present import issuer_of as issuer_of
from dancu.oidc.present import provider_of as provider_of
from dancu.oidc.service import mtls
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.parsing.params import MOST_BYTES, form_params
from dancu.oidc.service.wire import Wire

# Browser applications call these from their own origin; nothing here is answered by cookie, so every origin may.
_CORS = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "DPoP-Nonce, WWW-Authenticate, Retry-After"}
_CORS_RAW = [(b"content-type", b"application/json"), *((name.lower().encode(), text.encode()) for name, text in _CORS.items())]
_PREFLIGHT = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
    "Access-Control-Max-Age": "7200",
}


async def read_wire(request: Request, *, params: dict[str, str] | None = None) -> Wire:
    """The request, its form parameters read and bounded. Raises OAuthError."""
    headers = request.headers
    if params is None:
        length = headers.get("content-length", "0")
        if len(length) > 4 and length.isascii() and length.isdigit() and len(length) < 10 and int(length) > MOST_BYTES:
            raise OAuthError("invalid_request", "the request is too large", 413)
        params = form_params(await request.body(), headers.get("content-type", ""))
    return Wire(
        issuer_of(request), request.method, urlsplit(request.scope["path"]).path, params, headers.get("authorization", ""),
        () if headers.get("dpop") is None else tuple(headers.getlist("dpop")),
        certificate_of(request) if headers.get("client-cert") else None, request.state.request_id, getattr(request.app.state, "mtls_url", ""),
    )  # fmt: skip


def certificate_of(request: Request) -> bytes | None:
    """The caller's certificate as one of our own proxies states it; anybody else's word is nothing, and so are two words:
    a proxy that only adds its own leaves the caller's beside it."""
    stated = request.headers.getlist("client-cert")
    if len(stated) != 1 or not stated[0]:
        return None
    address = request.client.host if request.client else ""
    return mtls.from_header(stated[0]) if address in request.app.state.settings.trusted_proxies else None


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Ready(orjson.dumps(body), status, [*_CORS_RAW, *starmap(_raw, headers.items())] if headers else _CORS_RAW)


@lru_cache(256)  # the same few are said again and again
def _raw(name: str, text: str) -> tuple[bytes, bytes]:
    return name.lower().encode(), text.encode("latin-1")


def refused(request: Request, error: OAuthError) -> Response:
    request.state.error_code = f"oidc.{error.error}"
    headers = {"Pragma": "no-cache", **error.headers}
    return json_answer(error.body(), error.status, headers)


async def answered(request: Request, work: Callable[[Request], Awaitable[Response]]) -> Response:
    """Run an endpoint; every failure in the RFC's words. What is not ours to explain passes on."""
    try:
        return await work(request)
    except OAuthError as error:
        return refused(request, error)
    except Exceeded as error:
        wait = str(error.params["seconds"])
        return refused(request, OAuthError("temporarily_unavailable", "too many requests", 429, {"Retry-After": wait}))
    except Unavailable:
        return refused(request, OAuthError("temporarily_unavailable", "try again later", 503, {"Retry-After": "5"}))
    except DancuError as error:
        return refused(request, OAuthError("invalid_request", error.code))


def bounded(handler: Callable[[Request], Awaitable[Response]]) -> Bounded:
    """The endpoint, letting in no more than can be answered in time; the others hear it in OAuth's words."""
    busy = OAuthError("temporarily_unavailable", "more is asked than can be answered now, try again later", 503)
    return Bounded(handler, orjson.dumps(busy.body()), {**_CORS, "Pragma": "no-cache"})


async def preflight(request: Request) -> Response:
    return Response(status_code=204, headers=_PREFLIGHT)
