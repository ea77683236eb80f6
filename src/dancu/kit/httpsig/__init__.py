"""HTTP Message Signatures (RFC 9421) and digest fields (RFC 9530), as far as programs of partners and we use them: asymmetric
signatures by `ecdsa-p256-sha256` and `ed25519`, derived components, whole fields, `;req` in answers. What is not supported is
refused, never passed over: a component that is not understood is not covered.
"""

from dancu.kit.httpsig.digest import content_digest, digest_matches
from dancu.kit.httpsig.fields import Bare, Component, Inner, Malformed, byte_values, serialize, signature_inputs
from dancu.kit.httpsig.keys import ALGS, Signer, Verifier, WrongSignature
from dancu.kit.httpsig.message import Message, signature_base
from dancu.kit.httpsig.signing import Signed, read, sign

__all__ = [
    "ALGS", "Bare", "Component", "Inner", "Malformed", "Message", "Signed", "Signer", "Verifier", "WrongSignature", "byte_values",
    "content_digest", "digest_matches", "read", "serialize", "sign", "signature_base", "signature_inputs",
]  # fmt: skip
