"""JSON Web Signatures as this provider needs them: asymmetric, compact, bounded, by `cryptography` directly (half the cost of
a general library on the hot path). No `none`, no HMAC: a public key can never be taken for a secret."""

from dancu.oidc.jose.compact import Compact, JoseError, b64u, split, unb64u
from dancu.oidc.jose.keys import PublicKey, Thumbprint, public_key, public_keys
from dancu.oidc.jose.signing import ES256Signer, Signer, new_key
from dancu.oidc.jose.times import LEEWAY, check_times

__all__ = [
    "LEEWAY", "Compact", "ES256Signer", "JoseError", "PublicKey", "Signer", "Thumbprint", "b64u", "check_times", "new_key",
    "public_key", "public_keys", "split", "unb64u",
]  # fmt: skip
