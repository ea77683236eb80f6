"""What pages and endpoints read from a request: the provider, our address, the language's name of a client."""

from __future__ import annotations

from collections.abc import Collection

from dancu.access import service as access
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.web import Request, own_address
from dancu.oidc.models import Client
from dancu.oidc.service.provider import Provider

# Group of claims -> what people read.
GROUP_WORDS = {
    "name": N_("Họ, chữ đệm và tên"),
    "birthdate": N_("Ngày, tháng, năm sinh"),
    "gender": N_("Giới tính"),
    "personal_id": N_("Số định danh cá nhân"),
    "address": N_("Nơi thường trú"),
    "nationality": N_("Quốc tịch"),
    "phone": N_("Số điện thoại của tài khoản"),
    "email": N_("Thư điện tử của tài khoản"),
    "organisations": N_("Tổ chức bạn được thay mặt, và việc được giao"),
}


def ordered(groups: Collection[str]) -> list[str]:
    """These groups in the order people expect them."""
    return [group for group in GROUP_WORDS if group in groups]


def provider_of(request: Request) -> Provider:
    """The application's provider, made at the first request that needs it."""
    try:
        found: Provider = request.app.state.oidc
    except AttributeError:
        state = request.app.state
        found = state.oidc = Provider(state.keys, lambda: state.pool.connection(), demo=bool(getattr(state, "demo", False)))
    return found


def issuer_of(request: Request) -> str:
    """Our own address, as it stands in what we sign."""
    return own_address(request)


def demo_of(request: Request) -> bool:
    return bool(getattr(request.app.state, "demo", False))


def name_of(request: Request, client: Client) -> str:
    return client.name_en if request.state.lang == "en" and client.name_en else client.name


async def organisation_of(conn: Conn, client: Client) -> str:
    """The name of its organisation, as the reader reads it; "" where it has none."""
    return (await access.english_names(conn)).get(client.org_code, client.org_name)
