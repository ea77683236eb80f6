"""The key of a device: made in the browser or app (ECDSA P-256, not extractable), its public half kept here. It signs a
challenge and the address it was asked from, beside the passcode: something had, `swk`, since software holds it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Any, Final

from dancu.accounts.models.sign_in import Kind
from dancu.accounts.service import core
from dancu.accounts.service.authenticators import challenge as challenges
from dancu.accounts.service.authenticators.record import added, changed
from dancu.accounts.store import authenticators as store
from dancu.kernel.actor import Actor, Purpose
from dancu.kernel.errors import Conflict, Invalid
from dancu.kit.authn.answers import object_of
from dancu.kit.authn.passkey import Site
from dancu.kit.db import Conn
from dancu.kit.i18n import N_
from dancu.kit.ring import ring

COLUMN: Final = "device"
MOST: Final = 10
_LONGEST = 2000
#: What is signed begins with this, so that the signature is of no use anywhere else.
CONTEXT: Final = "dancu device key v1"


@dataclass(frozen=True, slots=True)
class DeviceForm:
    """`challenge` as the device signs it (base64url), and sealed for the way back. `account`: by what a browser that several people
    use tells their keys apart; it means nothing anywhere else."""

    challenge: str
    sealed: str
    account: str


def device_challenge(bound_to: str, key: int) -> DeviceForm:
    """For making a key of the account `key` known or signing in with it; good in the browser `bound_to` belongs to."""
    challenge, sealed = challenges.fresh(bound_to, COLUMN)
    return DeviceForm(challenges.encoded(challenge).rstrip("="), sealed, ring().mac("device account", str(key).encode()).hex()[:32])


def signed_text(origin: str, challenge: bytes) -> bytes:
    return "\n".join((CONTEXT, origin, challenges.encoded(challenge).rstrip("="))).encode()


async def keep_device(
    conn: Conn, actor: Actor, purpose: Purpose, key: int, site: Site, bound_to: str, *, sealed: str, answer: str, label: str = ""
) -> None:
    """Take the device's key, which signed the challenge. `answer`: JSON {"jwk": {...}, "signature": base64url}. Raises
    Invalid for a false or late one, Conflict where it is known or there are too many."""
    challenge = await challenges.spent(conn, sealed, bound_to, COLUMN)
    said = _parsed(answer)
    point = _point(said.get("jwk"))
    if not _right(point, said.get("signature"), signed_text(site.origin, challenge)):
        raise _refusal()
    await core.open(conn, [key])
    mine = [one for one in await store.listed(conn, key) if one.kind is Kind.DEVICE]
    if len(mine) >= MOST:
        raise Conflict("passkey.many", N_("Tài khoản đã có nhiều khóa. Hãy xóa bớt khóa không dùng."))
    name = thumbprint(point)
    if any(one.public.get("thumbprint") == name for one in mine):
        raise Conflict("passkey.known", N_("Khóa này đã được thêm trước đây."))
    await store.add(conn, key, Kind.DEVICE.value, label.strip()[:40], {"thumbprint": name, "point": challenges.encoded(point)})
    await changed(conn, actor, purpose, key, "set_authenticator", "device")
    await added(conn, key, "device")


async def verify_device(conn: Conn, key: int, site: Site, bound_to: str, *, sealed: str, answer: str) -> bool:
    """Whether a key of this account signed the challenge, which is used up. `answer`: JSON {"thumbprint", "signature"}.
    Raises Invalid for a challenge that is late or was used; the caller throttles."""
    challenge = await challenges.spent(conn, sealed, bound_to, COLUMN)
    said = _parsed(answer)
    await core.open(conn, [key])
    mine = [one for one in await store.listed(conn, key) if one.kind is Kind.DEVICE]
    found = next((one for one in mine if one.public.get("thumbprint") == said.get("thumbprint")), None)
    if found is None:
        return False
    point = challenges.decoded(str(found.public["point"]))
    if not _right(point, said.get("signature"), signed_text(site.origin, challenge)):
        return False
    await store.used(conn, key, found.authenticator_id)
    return True


def thumbprint(point: bytes) -> str:
    """RFC 7638 of the public key; `point`: 64 bytes, x and y."""
    x, y = (base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (point[:32], point[32:]))
    text = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def thumbprint_of(answer: str) -> str:
    """Of the key a device's answer brings. Raises Invalid for what is none."""
    return thumbprint(_point(_parsed(answer).get("jwk")))


def _parsed(answer: str) -> dict[str, Any]:
    return object_of(answer, _refusal, longest=_LONGEST)


def _point(jwk: Any) -> bytes:
    """x and y of a public P-256 key; anything with a private part is refused."""
    if not isinstance(jwk, dict) or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise _refusal()
    parts = [_bytes(jwk.get(name), 32) for name in ("x", "y")]
    if not all(parts):
        raise _refusal()
    return b"".join(parts)


def _bytes(text: Any, length: int) -> bytes:
    """Base64url of exactly so many bytes; b"" for everything else."""
    try:
        value = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) if isinstance(text, str) and text.isascii() else b""
    except (ValueError, binascii.Error):
        return b""
    return value if len(value) == length else b""


def _right(point: bytes, signature: Any, text: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    raw = _bytes(signature, 64)
    if not raw:
        return False
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + point)
        made = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        public.verify(made, text, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


def _refusal() -> Invalid:
    return Invalid("passkey.refused", N_("Khóa truy cập không được nhận. Hãy thử lại, hoặc dùng cách khác."))
