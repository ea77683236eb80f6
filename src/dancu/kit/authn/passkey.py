"""Passkeys (WebAuthn): options for the browser, checking of what it answers. Discoverable, with the holder verified by
the device itself (PIN, fingerprint, face), so that one touch is two factors.

Nothing here is kept: the caller keeps the challenge sealed in the page and the public key in its tables.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dancu.kernel.errors import Invalid
from dancu.kit.authn.answers import object_of
from dancu.kit.i18n import N_

CHALLENGE_BYTES = 32
_LONGEST = 16_384
_TIMEOUT_MS = 120_000


@dataclass(frozen=True, slots=True)
class Site:
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


def new_challenge() -> bytes:
    return secrets.token_bytes(CHALLENGE_BYTES)


def creation_options(
    site: Site, challenge: bytes, *, user_id: bytes, name: str, attestation: str, known: Sequence[bytes]
) -> str:
    """What `navigator.credentials.create` needs, as JSON. `name` is what the device lists the passkey under: no number
    and no name of a person. `attestation`: "none" or a list of models, see `accepted`."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_registration_options(
        rp_id=site.host, rp_name="Dancu", user_name=name, user_id=user_id, user_display_name=name, challenge=challenge,
        timeout=_TIMEOUT_MS,
        attestation=structs.AttestationConveyancePreference.NONE
        if attestation == "none"
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
    text = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
    return json.dumps(
        {"challenge": text, "timeout": _TIMEOUT_MS, "rpId": site.host, "allowCredentials": [], "userVerification": "required"}
    )


def registered(site: Site, challenge: bytes, answer: str, *, attestation: str = "none") -> Registered:
    """Check the answer to `creation_options`. Raises Invalid("passkey.refused") for a false one and
    Invalid("passkey.model") for a model that is not on the list."""
    import webauthn
    from webauthn.helpers.structs import CredentialDeviceType

    try:
        found = webauthn.verify_registration_response(
            credential=_parsed(answer), expected_challenge=challenge, expected_rp_id=site.host, expected_origin=site.origin,
            require_user_verification=True,
        )  # fmt: skip
    except Invalid:
        raise
    except Exception as error:  # the library has a dozen kinds for malformed input, some of them of other packages
        raise _refusal() from error
    if not accepted(found.aaguid, attestation, proved=str(getattr(found.fmt, "value", found.fmt)) != "none"):
        raise Invalid("passkey.model", N_("Loại khóa này chưa được chấp nhận. Hãy dùng khóa khác hoặc điện thoại của bạn."))
    return Registered(
        found.credential_id, found.credential_public_key, found.sign_count, str(found.aaguid),
        found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )  # fmt: skip


def accepted(model: str, attestation: str, *, proved: bool) -> bool:
    """The attestation policy: "none" takes every model; a list, by comma, takes those models and only with an
    attestation statement (a model merely stated proves nothing)."""
    if attestation == "none":
        return True
    return proved and model in {one.strip().lower() for one in attestation.split(",")}


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
