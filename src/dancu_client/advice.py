"""What mends what: the doctor's advice, by what was seen. Sentences are those of `words`, in English; nothing here asks or sends."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, Final

from dancu_client.errors import CallRefused

_STOPPED: Final = "client_id and key do not belong together, or the certificate or the connection is stopped: see the partner portal."
_ADDRESS: Final = "base_url is not the address the platform goes by: take it from its endpoints; a proxy of yours must leave Host as it is."
_NAME: Final = "Set issuer to the platform's own address (from its endpoints); base_url is where certificates are shown."
_CLOCK: Final = "Synchronise this machine's clock: signatures hold 60 s."
_FRONT: Final = "The proxy at this address does not hand on the certificate (Client-Cert, RFC 9440): take the TLS address of the endpoints, or tell the platform's operator."
_ROOT: Final = "Set ca to the platform's root, or correct this machine's list of roots."
SILENT: Final = "The platform does not answer: check address, proxy and firewall."
_UNREGISTERED: Final = "The client has no scope exchange: have it registered for data exchange."
_DATE: Final = "Set this machine's date, or tell the platform's operator."
_RENEW: Final = "Ask for a new one on the partner portal."
_ISSUER: Final = "Use the certificate the platform issued; the proxy must trust that issuer: tell the platform's operator."
_OTHER_TERMS: Final = "Give --purpose and --legal-basis as agreed, or have the agreement changed (partner portal)."

# What the token endpoint refuses (RFC 6749 §5.2 has it described in English), by its code and a part of its description:
# what it means and what mends it. The first that fits.
_TOKEN: Final = (
    ("invalid_client", "aud is not", "this address is not the one the platform goes by", _ADDRESS),
    ("invalid_client", "expired", "what this machine signed is too old for the platform", _CLOCK),
    ("invalid_client", "not valid yet", "what this machine signed lies in the future for the platform", _CLOCK),
    ("invalid_client", "in the future", "what this machine signed lies in the future for the platform", _CLOCK),
    ("invalid_client", "signature", "signed with another key than this program's", _STOPPED),
    ("invalid_client", "no registered key", "signed with another key than this program's", _STOPPED),
    ("invalid_client", "", "no program that may call goes by this client_id and key", _STOPPED),
    ("invalid_dpop_proof", "must send", "this program's tokens are bound to its key", 'The client is registered for DPoP: bound must be "dpop".'),
    ("invalid_dpop_proof", "", "the proof of the key (DPoP) was not accepted", _CLOCK),
    ("unauthorized_client", "", "this program is not registered for data exchange", _UNREGISTERED),
    ("invalid_scope", "", "this program is not registered for data exchange", _UNREGISTERED),
    ("temporarily_unavailable", "", "the platform is busy", "Wait a minute and try again."),
)
_UNSHOWN: Final = "no certificate was seen at the token endpoint"
_REGISTERED_MTLS: Final = 'The client is registered for its certificate: bound must be "mtls", through the TLS address.'

_SIGNATURE: Final[Mapping[str, str]] = {
    "exchange.signature": "The platform does not know this certificate, or a proxy changes the request on its way (address, headers).",
    "exchange.digest": "A proxy changes the body on its way.",
    "exchange.clock": _CLOCK,
    "exchange.certificate": "The certificate is expired or revoked: ask for a new one.",
    "exchange.token": "The token was refused: see the header WWW-Authenticate.",
    "exchange.malformed": "A proxy adds or doubles headers.",
}

_AGREEMENT: Final[Mapping[str, str]] = {
    "exchange.suspended": "See the state of the connection on the partner portal.",
    "exchange.environment": "See the state of the connection on the partner portal.",
    "exchange.held": "An alert about this program's calls waits for a decision: tell the operator what they were for.",
    "agreement.none": "Ask for an agreement on this data service (partner portal), or try another with --service.",
    "agreement.expired": "Ask for a new version of the agreement (partner portal).",
    "agreement.hours": "Call within the agreed hours, or have the agreement changed (partner portal).",
    "agreement.field": "Ask for these fields (partner portal), or try another data service with --service.",
    "exchange.quota": "Wait until midnight in Vietnam, or have the daily quota raised (partner portal).",
    "person.no_purpose": _OTHER_TERMS,
}

# X509_V_ERR_* of OpenSSL: what is wrong with the platform's certificate.
_UNTRUSTED: Final[Mapping[int, tuple[str, str]]] = {
    9: ("the platform's certificate is not valid yet ({error})", _DATE),
    10: ("the platform's certificate has expired ({error})", _DATE),
    62: ("the platform's certificate is for another name ({error})", _ADDRESS),
    64: ("the platform's certificate is for another name ({error})", _ADDRESS),
}
# What a proxy says of this side's certificate, in the words of OpenSSL's alerts; with TLS 1.3 only after the handshake.
_ALERTS: Final = (
    ("certificate required", "the proxy saw no certificate ({error})", 'Set bound = "mtls", with the key and certificate of this program.'),
    ("certificate expired", "the proxy says that this program's certificate has expired ({error})", _RENEW),
    ("certificate revoked", "the proxy says that this program's certificate is revoked ({error})", _RENEW),
    ("unknown ca", "the proxy does not know who issued this program's certificate ({error})", _ISSUER),
    ("wrong version number", "this port does not speak TLS ({error})", "Check the port of base_url, and whether it is http or https."),
    ("alert bad certificate", "the proxy does not take this program's certificate ({error})", _ISSUER),
)


class Wrong(Exception):
    """`said` and `mend`: sentences of `words`, with their values."""

    def __init__(self, said: str, mend: str, state: str = "fail", **params: Any) -> None:
        super().__init__(said)
        self.said, self.mend, self.state, self.params = said, mend, state, params


def of_token(refused: CallRefused, bound: str) -> tuple[str, str]:
    """(what a refused token means, what mends it); `bound` as configured."""
    code, detail = refused.code.removeprefix("token."), str(refused.problem.get("detail", ""))
    if code == "invalid_request":
        return _UNSHOWN, _FRONT if bound == "mtls" else _REGISTERED_MTLS
    if code == "invalid_client" and "aud is not" in detail and bound == "mtls":
        return "this address is not the one the platform goes by", _NAME
    for known, part, means, mend in _TOKEN:
        if code == known and part in detail:
            return means, mend
    return "the platform gives no token", "See the message."


def of_signature(code: str) -> str | None:
    """What mends a call whose signature, token or certificate was refused; None where it was not that."""
    return _SIGNATURE.get(code)


def of_agreement(code: str) -> str | None:
    """What mends a call that what was agreed does not cover, or that the connection's state forbids; None where it was not that."""
    if code.startswith("exchange.context."):
        return "Every call states purpose, legal basis, case and officer."
    return _AGREEMENT.get(code) or (_OTHER_TERMS if code.startswith("agreement.") else None)


def of_trust(error: ssl.SSLCertVerificationError) -> Wrong:
    """The platform's certificate is not believed."""
    said, mend = _UNTRUSTED.get(error.verify_code, ("the platform's certificate is signed by nobody this machine trusts ({error})", _ROOT))
    return Wrong(said, mend, error=error.verify_message)


def of_network(error: Exception, mend: str = SILENT) -> Wrong:
    """Nobody answers, or whoever does will not speak with us; `mend` where nothing better is known."""
    text = str(error) or type(error).__name__
    low = text.lower().replace("_", " ")
    for part, said, better in _ALERTS:
        if part in low:
            return Wrong(said, better, error=text)
    if isinstance(error, ConnectionRefusedError) or "connection refused" in low:
        return Wrong("nobody listens at this port ({error})", "Check the port of base_url, and the firewall.", error=text)
    if isinstance(error, TimeoutError) or "timed out" in low or "timeout" in type(error).__name__.lower():
        return Wrong("no answer in time ({error})", "Check the firewall and the way there; timeout in the configuration is in seconds.", error=text)
    return Wrong("{kind}: {error}", mend, kind=type(error).__name__, error=text)
