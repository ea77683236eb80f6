"""JWS strictly: against a library as the oracle, and against everything that is not quite one."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwk, jws

from dancu.oidc.jose import ES256Signer, JoseError, check_times, new_key, public_key, public_keys, split, unb64u
from dancu.oidc.jose.compact import MOST, b64u

ALL = frozenset({"ES256", "ES384", "PS256", "RS256", "EdDSA", "Ed25519"})
KEYS = {
    "ES256": jwk.ECKey.generate_key("P-256"), "ES384": jwk.ECKey.generate_key("P-384"), "EdDSA": jwk.OKPKey.generate_key("Ed25519"),
    "PS256": jwk.RSAKey.generate_key(2048), "RS256": jwk.RSAKey.generate_key(2048),
}  # fmt: skip


@pytest.mark.parametrize("alg", KEYS)
def test_what_a_library_signs_verifies(alg: str) -> None:
    key = KEYS[alg]
    token = jws.serialize_compact({"alg": alg}, b'{"a":1}', key, algorithms=[alg])
    ours = public_key(key.as_dict(private=False))
    ours.verify(split(token), ALL)
    assert ours.thumbprint == key.thumbprint()
    with pytest.raises(JoseError):
        ours.verify(split(token), ALL - {alg})
    with pytest.raises(JoseError):
        ours.verify(split(jws.serialize_compact({"alg": alg}, b'{"a":2}', key, algorithms=[alg]).rsplit(".", 1)[0] + "." + token.rsplit(".", 1)[1]), ALL)


def test_what_we_sign_a_library_verifies() -> None:
    signer = ES256Signer.from_pem(new_key())
    token = signer.sign({"name": "Nguyễn Thị Thu Hà"}, "JWT")
    found = jws.deserialize_compact(token, jwk.ECKey.import_key(signer.jwk), algorithms=["ES256"])
    assert json.loads(found.payload)["name"] == "Nguyễn Thị Thu Hà"
    other = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(ValueError, match="P-256"):
        ES256Signer.from_pem(other)


def test_a_forbidden_algorithm_does_not_pass_under_another_name() -> None:
    """An RSA signature in the old padding, called ES256 because that is allowed."""
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    private = serialization.load_pem_private_key(KEYS["RS256"].as_pem(private=True), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    for name in ("ES256", "EdDSA"):
        signed = ".".join([b64u(json.dumps({"alg": name}).encode()), b64u(b"{}")])
        signature = private.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        with pytest.raises(JoseError):
            public_key(KEYS["RS256"].as_dict(private=False)).verify(split(f"{signed}.{b64u(signature)}"), frozenset({name}))


def made(header: dict[str, Any], payload: bytes = b"{}", signature: bytes = b"x" * 64) -> str:
    return f"{b64u(json.dumps(header).encode())}.{b64u(payload)}.{b64u(signature)}"


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256", "hs256", "", "ES256K", "ES512", None, 5, ["ES256"], {}])
def test_other_algorithms_are_none_of_ours(alg: Any) -> None:
    for key in KEYS.values():
        with pytest.raises(JoseError):
            public_key(key.as_dict(private=False)).verify(split(made({"alg": alg})), ALL)


def test_a_public_key_is_never_a_secret() -> None:
    """RS256 -> HS256 with the public key as the HMAC key."""
    key = KEYS["RS256"]
    signed = ".".join([b64u(json.dumps({"alg": "HS256"}).encode()), b64u(b"{}")])
    mac = hmac.HMAC(key.as_pem(private=False), hashes.SHA256())
    mac.update(signed.encode())
    with pytest.raises(JoseError):
        public_key(key.as_dict(private=False)).verify(split(f"{signed}.{b64u(mac.finalize())}"), ALL)


@pytest.mark.parametrize("token", [
    "", ".", "..", "a.b", "a.b.c.d", "a.b.", "=.=.=", "a b.c.d", "ă.b.c", "\x00.a.b", made({"alg": "ES256"}) + "=", made({"alg": "ES256"}) + "\n",
    "x" * (MOST + 1), made({"alg": "ES256", "crit": ["exp"]}), made({"alg": "ES256", "b64": False}), made({"alg": "ES256"}, b"[]"), made({"alg": "ES256"}, b'"x"'),
    made({"alg": "ES256"}, b"{" * 5000), made({"alg": "ES256"}, b'{"a": NaN}'), made({"alg": "ES256"}, b"\xff\xfe"), f"{b64u(b'[]')}.{b64u(b'{}')}.AA",
])  # fmt: skip
def test_malformed_tokens(token: str) -> None:
    with pytest.raises(JoseError):
        split(token)


def test_one_spelling_of_each_value() -> None:
    assert unb64u("AA") == b"\x00"
    for other in ("AB", "AA==", "AA=", "A", "A+", "A/", "AA\n"):
        with pytest.raises(JoseError):
            unb64u(other)


@given(st.text(st.sampled_from("ABCDEQgwz059-_+/=\n é"), max_size=9) | st.binary(max_size=9).map(b64u))
def test_a_value_is_read_only_as_it_is_written(text: str) -> None:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_")
        meant = base64.urlsafe_b64encode(data).decode().rstrip("=") == text
    except ValueError:
        meant = False
    if meant:
        assert unb64u(text) == data
    else:
        with pytest.raises(JoseError):
            unb64u(text)


@given(st.text(max_size=300))
def test_any_text_is_refused_in_our_own_words(text: str) -> None:
    with pytest.raises(JoseError):
        split(text)


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=100))
def test_any_bytes_in_three_parts(head: bytes, body: bytes, signature: bytes) -> None:
    try:
        token = split(f"{b64u(head)}.{b64u(body)}.{b64u(signature)}")
    except JoseError:
        return
    with pytest.raises(JoseError):
        public_key(KEYS["ES256"].as_dict(private=False)).verify(token, ALL)


@pytest.mark.parametrize("spoil", [
    {"kty": "oct", "k": "AAAA"}, {"d": "AAAA"}, {"crv": "P-521"}, {"x": "AAAA"}, {"x": None}, {"kty": "EC2"}, {"use": "enc"}, {"alg": "RS256"}, {"x": "=" * 43}, {"y": "A" * 43},
    {"alg": ["ES256"]}, {"alg": {}}, {"use": []}, {"kty": []},
])  # fmt: skip
def test_unusable_keys(spoil: dict[str, Any]) -> None:
    with pytest.raises(JoseError):
        public_key({**KEYS["ES256"].as_dict(private=False), **spoil})


def test_weak_rsa_and_endless_sets() -> None:
    with pytest.raises(JoseError):
        public_key(jwk.RSAKey.generate_key(1024).as_dict(private=False))
    good = KEYS["ES256"].as_dict(private=False)
    for bad in ({}, {"keys": []}, {"keys": [good] * 21}, {"keys": {}}, [], {"keys": [1]}, {"keys": [{**good, "use": "enc"}]}):
        with pytest.raises(JoseError):
            public_keys(bad)  # type: ignore[arg-type]


@pytest.mark.parametrize("claims", [{"exp": True}, {"exp": "9"}, {"exp": float("nan")}, {"exp": float("inf")}, {"exp": -1}, {"exp": 10**30}, {"exp": [1]}, {}])
def test_times_that_are_none(claims: dict[str, Any]) -> None:
    with pytest.raises(JoseError):
        check_times(claims, 1_000.0, longest=300)


def test_signature_in_der_is_not_a_jws() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signer = ES256Signer(key)
    head, body, _ = signer.sign({}, "JWT").split(".")
    der = key.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    with pytest.raises(JoseError):
        public_key(signer.jwk).verify(split(f"{head}.{body}.{base64.urlsafe_b64encode(der).rstrip(b'=').decode()}"), ALL)
