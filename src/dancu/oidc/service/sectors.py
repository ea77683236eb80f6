"""Sectors: whose applications know a citizen by the same pairwise `sub` (OpenID Connect Core §8.1). A sector belongs to one organisation."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlsplit

from dancu.access import service as access
from dancu.kernel.errors import FieldError, Invalid
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.oidc.models import Client
from dancu.oidc.service import outbound
from dancu.oidc.service.clients import LONGEST_ADDRESS, LOOPBACK
from dancu.oidc.store import clients as store

FIELD = "sector_identifier_uri"


def by_host(client_id: str, redirect_uris: tuple[str, ...]) -> str:
    """The host of the redirect addresses; the client alone where there are several hosts or none, or where one is no address,
    which `clients.check` refuses."""
    try:
        hosts = {urlsplit(uri).hostname or "" for uri in redirect_uris}
    except ValueError:
        return client_id
    return hosts.pop() if len(hosts) == 1 and hosts.isdisjoint(LOOPBACK) else client_id


async def settled(conn: Conn, client: Client, wished: str) -> Client:
    """The client in the sector it asked for: by name (`wished`), by an address that lists its redirect addresses, or by their host. None
    that another organisation has: by the host alone it then stands for itself. Raises Invalid where it was asked for."""
    field = "sector"
    if client.sector_identifier_uri:
        if wished:
            raise _invalid(FIELD, "oidc.sector.both", N_("Chỉ chọn một: tên nhóm, hoặc địa chỉ của nhóm."))
        wished, field = await declared(client, local=await access.is_demo(conn)), FIELD
        client = replace(client, sector=wished)
    if not await store.sector_of_another(conn, client.sector, client.org_code):
        return client
    if not wished:
        return replace(client, sector=client.client_id)
    raise _invalid(field, "oidc.sector.taken", N_("Nhóm này là của cơ quan khác. Hãy đặt tên khác, hoặc bỏ trống."))


async def declared(client: Client, *, local: bool = False) -> str:
    """The host of the client's `sector_identifier_uri`, once the list there was seen to hold each redirect address, letter by letter.
    Read this once: a list that changes later changes no `sub`. `local`: as `outbound.call` says. Raises Invalid."""
    address = client.sector_identifier_uri
    try:
        if len(address) > LONGEST_ADDRESS:
            raise ValueError
        status, body = await outbound.call("GET", address, headers={"Accept": "application/json"}, local=local)
        listed = json.loads(body) if status == 200 else None
        if not isinstance(listed, list) or not all(isinstance(uri, str) for uri in listed):
            raise ValueError
    except (outbound.Failed, ValueError, RecursionError) as error:
        message = N_("Không đọc được danh sách ở địa chỉ này. Địa chỉ phải là https công khai và trả về một mảng JSON gồm các địa chỉ quay lại.")
        raise _invalid(FIELD, "oidc.sector_uri", message) from error
    if missing := [uri for uri in client.redirect_uris if uri not in listed]:
        raise _invalid(FIELD, "oidc.sector_uri.lacks", N_("Danh sách ở địa chỉ này thiếu: {uris}"), uris=", ".join(missing))
    parts = urlsplit(address)
    host = parts.hostname or ""
    return parts.netloc if host in LOOPBACK else host.rstrip(".")


def _invalid(field: str, code: str, message: str, **params: object) -> Invalid:
    return Invalid("oidc.client.invalid", message, fields=(FieldError(field, code, message, tuple(params.items())),), **params)
