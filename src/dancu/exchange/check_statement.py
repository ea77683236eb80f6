"""Check a confirmation or receipt without Dancu and without a network.

    python3 check_statement.py keys.json "eyJhbGci…"        (the text of the QR code, or the address it holds)

Needs the package `cryptography` and the file of public keys from /check/keys.json of the service that issued it. Prints what
is stated and "valid", "expired" or "forged"; ends with 0 only for "valid". Whether it was revoked since, only the service
itself knows.
"""

import base64
import json
import sys
import time
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def unb64u(text: str) -> bytes:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64.urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("a second spelling of the same bytes")
    return data


def check(keys: dict[str, Any], text: str, now: float) -> tuple[str, dict[str, Any]]:
    """(word, claims)."""
    try:
        head, body, signature = text.strip().rpartition("#")[2].split(".")
        header, raw = json.loads(unb64u(head)), unb64u(signature)
    except (ValueError, RecursionError):
        return "unreadable", {}
    if not isinstance(header, dict):
        return "unreadable", {}
    key = next((one for one in keys["keys"] if one["kid"] == header.get("kid")), None)
    if key is None or header.get("alg") != "ES256" or len(raw) != 64:
        return "forged", {}
    x, y = (int.from_bytes(unb64u(key[part]), "big") for part in "xy")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        public.verify(der, f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return "forged", {}
    claims = json.loads(unb64u(body))
    return ("expired" if claims.get("exp", now + 1) <= now else "valid"), claims


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    with open(sys.argv[1], encoding="utf-8") as file:
        keys = json.load(file)
    word, claims = check(keys, sys.argv[2], time.time())
    print(json.dumps(claims, ensure_ascii=False, indent=1))
    print(word)
    return 0 if word == "valid" else 1


if __name__ == "__main__":
    sys.exit(main())
