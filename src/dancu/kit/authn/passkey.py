"""Passkeys (WebAuthn): options for the browser, checking of what it answers. Discoverable, with the holder verified by
the device itself (PIN, fingerprint, face), so that one touch is two factors.

Nothing here is kept: the caller keeps the challenge sealed in the page and the public key in its tables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from dancu.kernel.errors import Invalid
from dancu.kit.authn.answers import object_of
from dancu.kit.i18n import N_
from dancu.kit.tokens import in_url

CHALLENGE_BYTES = 32
_LONGEST = 16_384
_TIMEOUT_MS = 120_000
_AAGUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


class Site(NamedTuple):
    """Where passkeys are good: the host's name, and the origin the browser must state."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Registered:
    """A new passkey. `model`: the AAGUID, all zeros where the device does not say. `synced`: may be copied to other
    devices of its holder (a "multi-device" credential)."""

    credential_id: bytes
    public_key: bytes
    count: int
    model: str
    synced: bool


@dataclass(frozen=True, slots=True)
class Asserted:
    """An answered challenge; `words` are its `amr`."""

    count: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attestation:
    """Which passkeys may be registered. `models`: their AAGUIDs, none: any. `roots`: PEM certificates of makers, one of which a
    statement must lead to; without any, whatever certificate signed the statement is believed: that keeps out other models, not
    somebody who forges one."""

    models: frozenset[str] = frozenset()
    roots: tuple[bytes, ...] = ()

    @classmethod
    def read(cls, models: str, roots: Path | None = None) -> Attestation:
        """`models`: "none", or by comma; `roots`: a file of PEM certificates. Raises OSError, and Invalid for what would keep out
        everybody (a model mistyped) or nobody (roots without a list, a file without a certificate) without anyone noticing."""
        listed = frozenset(one.strip().lower() for one in models.split(",") if one.strip()) - {"none"}
        if not all(_AAGUID.fullmatch(one) for one in listed):
            raise Invalid("passkey.models", N_("DANCU_PASSKEY_ATTESTATION cần là none hoặc các mã loại khóa (AAGUID) cách nhau bằng dấu phẩy."))
        certificates = tuple(_PEM.findall(roots.read_bytes())) if roots is not None else ()
        if roots is not None and not certificates:
            raise Invalid("passkey.roots", N_("Tệp của DANCU_PASSKEY_ROOTS không có chứng thư nào dạng PEM: {path}."), path=str(roots))
        if certificates and not listed:
            raise Invalid("passkey.roots_alone", N_("DANCU_PASSKEY_ROOTS chỉ có nghĩa khi DANCU_PASSKEY_ATTESTATION nêu các loại khóa được nhận."))
        return cls(listed, certificates)


ANY = Attestation()


def new_challenge() -> bytes:
    return os.urandom(CHALLENGE_BYTES)


def creation_options(
    site: Site, challenge: bytes, *, user_id: bytes, name: str, attestation: Attestation, known: Sequence[bytes]
) -> str:
    """What `navigator.credentials.create` needs, as JSON. `name` is what the device lists the passkey under: no number
    and no name of a person."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=site.host, rp_name="Dancu", user_name=name, user_id=user_id, user_display_name=name, challenge=challenge,
        timeout=_TIMEOUT_MS,
        attestation=structs.AttestationConveyancePreference.NONE
        if not attestation.models
        else structs.AttestationConveyancePreference.DIRECT,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.REQUIRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[structs.PublicKeyCredentialDescriptor(id=one) for one in known],
    )  # fmt: skip
    return webauthn.options_to_json(options)


def request_options(site: Site, challenge: bytes) -> str:
    """What `navigator.credentials.get` needs, as JSON. No credential is named: which account there is, if any, the
    device knows and the page does not tell. Made by hand: every sign-in page carries it, and the library is heavy."""
    text = in_url(challenge).rstrip("=")
    return orjson.dumps(
        {"challenge": text, "timeout": _TIMEOUT_MS, "rpId": site.host, "allowCredentials": [], "userVerification": "required"}
    ).decode()


def registered(site: Site, challenge: bytes, answer: str, *, attestation: Attestation = ANY) -> Registered:
    """Check the answer to `creation_options`. Raises Invalid("passkey.refused") for a false one, Invalid("passkey.model") for a model
    that is not on the list, and Invalid("passkey.unproved") for one that does not prove which it is."""
    import webauthn
    from webauthn.helpers.structs import CredentialDeviceType

    said: dict[str, Any] = {
        "credential": _parsed(answer), "expected_challenge": challenge, "expected_rp_id": site.host, "expected_origin": site.origin,
        "require_user_verification": True,
    }  # fmt: skip
    try:
        found = webauthn.verify_registration_response(**said)
    except Invalid:
        raise
    except Exception as error:  # the library has a dozen kinds for malformed input, some of them of other packages
        raise _refusal() from error
    if attestation.models:
        _demand(attestation, found, lambda roots: webauthn.verify_registration_response(**said, pem_root_certs_bytes_by_fmt=roots))
    return Registered(
        found.credential_id, found.credential_public_key, found.sign_count, str(found.aaguid),
        found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )  # fmt: skip


def _demand(attestation: Attestation, found: Any, verify: Callable[[dict[Any, list[bytes]]], object]) -> None:
    """Raises Invalid unless the passkey proves to be of a model on the list. Its own key proves nothing about that: a certificate does,
    which leads to one of the makers' where those are known."""
    from webauthn.helpers import parse_attestation_object
    from webauthn.helpers.structs import AttestationFormat

    if not parse_attestation_object(found.attestation_object).att_stmt.x5c:
        raise _unproved()
    if found.aaguid.lower() not in attestation.models:
        raise Invalid(
            "passkey.model",
            N_("Nơi này chỉ nhận một số loại khóa, và khóa này không thuộc các loại đó. Hãy dùng khóa khác hoặc cách đăng nhập khác; khóa vừa tạo có thể xóa khỏi máy."),
        )
    if attestation.roots:
        try:
            verify({fmt: list(attestation.roots) for fmt in AttestationFormat})
        except Exception as error:
            raise _unproved() from error


def _unproved() -> Invalid:
    return Invalid(
        "passkey.unproved",
        N_("Khóa này không chứng minh được nó là loại nào. Hãy thử lại và cho phép khi trình duyệt hỏi cho xem loại khóa, hoặc dùng cách đăng nhập khác; khóa vừa tạo có thể xóa khỏi máy."),
    )


def credential_of(answer: str) -> bytes:
    """The credential an answer comes from, to find its public key by. Raises Invalid("passkey.refused")."""
    from webauthn import base64url_to_bytes

    raw = _parsed(answer).get("rawId")
    try:
        return base64url_to_bytes(raw) if isinstance(raw, str) and raw.isascii() else b""
    except ValueError as error:
        raise _refusal() from error


def handle_of(answer: str) -> bytes:
    """Whose passkey the device says it is (WebAuthn §7.2, step 6), b"" where it does not say. Raises Invalid("passkey.refused")."""
    from webauthn import base64url_to_bytes

    response = _parsed(answer).get("response")
    given = response.get("userHandle") if isinstance(response, dict) else None
    try:
        return base64url_to_bytes(given) if isinstance(given, str) and given.isascii() else b""
    except ValueError as error:
        raise _refusal() from error


def asserted(site: Site, challenge: bytes, answer: str, *, public_key: bytes, count: int) -> Asserted:
    """Check the answer to `request_options`. Raises Invalid("passkey.refused"), also for a counter that went back, which
    says that the key was copied."""
    import webauthn
    from webauthn.helpers.structs import CredentialDeviceType

    try:
        found = webauthn.verify_authentication_response(
            credential=_parsed(answer), expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=public_key, credential_current_sign_count=count, require_user_verification=True,
        )  # fmt: skip
    except Invalid:
        raise
    except Exception as error:
        raise _refusal() from error
    kind = "swk" if found.credential_device_type is CredentialDeviceType.MULTI_DEVICE else "hwk"
    return Asserted(found.new_sign_count, (kind, "user", "mfa"))


def _parsed(answer: str) -> dict[str, Any]:
    return object_of(answer, _refusal, longest=_LONGEST)


def _refusal() -> Invalid:
    return Invalid("passkey.refused", N_("Khóa truy cập không được nhận. Hãy thử lại, hoặc dùng cách khác."))
