"""/api/openapi.json: the description of the JSON API and the public log; /api/docs: the same as a page for people.

The page is made here from the description: no third party's script or style, so it stands under the same content
policy as every page and opens where there is no network.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse, Response

from dancu.kit.web.access import public
from dancu.kit.web.render import render

router = APIRouter(include_in_schema=False)
_PREFIXES = ("/api/", "/log/")
_ABOUT = (
    "Every look at a person states a purpose and its legal basis and is evidence before the answer leaves; "
    "`entry_id` names the entry. Errors are problem+json (RFC 9457) with a stable `code`."
)
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "code", "request_id")},
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {n: {"type": "string"} for n in ("field", "code", "message")}},
        },
    },
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as the page shows it. `example` is a body that works, as text; `curl` a whole call."""

    method: str
    path: str
    title: str
    about: str
    needs_token: bool
    parameters: tuple[tuple[str, str, str], ...]
    example: str
    curl: str


def description(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document; pages are not part of it. Made once."""
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
        schema["paths"] = {path: ops for path, ops in schema["paths"].items() if path.startswith(_PREFIXES)}
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "description": "A session's token"}}
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        for method, path, operation in _operations(schema):
            _complete(app, method, path, operation)
        app.openapi_schema = schema
    return app.openapi_schema


def _operations(schema: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _complete(app: FastAPI, method: str, path: str, operation: dict[str, Any]) -> None:
    """What the framework does not know: which calls need a token, and how failures look."""
    stated = app.state.access.get(f"{method} {path}", [])
    if any(not one.anybody for one in stated):
        operation.setdefault("security", [{"bearer": []}])
    refusals = {"422": "The input is wrong; `errors` says where", "429": "Too many requests", "503": "Try again later"}
    if "requestBody" in operation:
        refusals |= {"400": "The body cannot be read", "413": "The body is too large"}
    if operation.get("security"):
        refusals |= {"401": "No session", "403": "No right, purpose or area"}
    if "{" in path or operation.get("security"):
        refusals["404"] = "Not found"
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, about in refusals.items():
        operation["responses"][status] = {"description": about, "content": content}


@router.get("/api/openapi.json", dependencies=[public()])
async def openapi(request: Request) -> JSONResponse:
    return JSONResponse(description(request.app))


@router.get("/api/docs", dependencies=[public()])
async def docs(request: Request) -> Response:
    base = f"{request.url.scheme}://{request.url.netloc}"
    groups: dict[str, list[Operation]] = {}
    for method, path, operation in _operations(description(request.app)):
        group = (operation.get("tags") or ["api"])[0]
        groups.setdefault(group, []).append(_shown(base, method, path, operation))
    return render(request, "kit/api_docs.html", groups=groups, base=base)


def _shown(base: str, method: str, path: str, operation: dict[str, Any]) -> Operation:
    body = _body_example(operation)
    given = {p["name"]: _parameter_example(p) for p in operation.get("parameters", [])}
    url = path
    query = []
    for parameter in operation.get("parameters", []):
        name, value = parameter["name"], given[parameter["name"]]
        if parameter["in"] == "path":
            url = url.replace("{" + name + "}", value)
        elif value:
            query.append(f"{name}={value}")
    url = base + url + ("?" + "&".join(query) if query else "")
    needs = bool(operation.get("security"))
    lines = [f"curl -s '{url}'" if method == "GET" else f"curl -s -X {method} '{url}'"]
    if needs:
        lines.append("-H \"Authorization: Bearer $TOKEN\"")
    if body is not None:
        lines += ["-H 'Content-Type: application/json'", f"-d '{_spaced(body)}'"]
    return Operation(
        method=method,
        path=path.replace("{", "‹").replace("}", "›"),
        title=operation.get("summary", path),
        about=operation.get("description", ""),
        needs_token=needs,
        parameters=tuple(
            (p["name"], p["in"], p.get("description") or p.get("schema", {}).get("description", "")) for p in operation.get("parameters", [])
        ),
        example=json.dumps(body, ensure_ascii=False, indent=2) if body is not None else "",
        curl=" \\\n  ".join(lines),
    )


def _body_example(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    for example in content.get("examples", {}).values():
        return example["value"]
    return content.get("example")


def _parameter_example(parameter: dict[str, Any]) -> str:
    if "example" in parameter:
        return str(parameter["example"])
    for one in parameter.get("examples", {}).values():
        return str(one["value"])
    found = parameter.get("schema", {}).get("examples", [])
    return str(found[0]) if found else ""


def _spaced(body: Any) -> str:
    """JSON whose closing braces stand apart: two together on a page read as a template that was not filled in."""
    return json.dumps(body, ensure_ascii=False).replace("}}", "} }").replace("}}", "} }")
