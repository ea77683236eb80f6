"""Message signatures against the vectors of RFC 9421 (appendix B) and RFC 9530, round trips of anything, and what is refused."""

from __future__ import annotations

import re
import string
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from dancu.kit import httpsig
from dancu.kit.httpsig import Component, Inner, Malformed, Message, Signer, Verifier, WrongSignature, fields

# RFC 9421, B.1.3 and B.1.4.
P256 = b"""-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf
w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==
-----END PUBLIC KEY-----
"""
ED25519 = b"""-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF
-----END PRIVATE KEY-----
"""
# B.2: test-request and test-response.
REQUEST = Message(
    {
        "host": ["example.com"], "date": ["Tue, 20 Apr 2021 02:07:55 GMT"], "content-type": ["application/json"],
        "content-digest": ["sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:"],
        "content-length": ["18"],
        "signature-input": [
            'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"'
        ],
        "signature": ["sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:"],
    },
    "POST", "https://example.com/foo?param=Value&Pet=dog",
)  # fmt: skip
RESPONSE = Message(
    {
        "date": ["Tue, 20 Apr 2021 02:07:56 GMT"], "content-type": ["application/json"],
        "content-digest": ["sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:"],
        "content-length": ["23"],
        "signature-input": [
            'sig-b24=("@status" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-ecc-p256"'
        ],
        "signature": ["sig-b24=:wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==:"],
    },
    status=200,
)  # fmt: skip


def test_b26_is_made_and_verified() -> None:
    signer = Signer.from_pem(ED25519)
    signed = httpsig.read(REQUEST, "sig-b26")
    signed.verify(REQUEST, signer.verifier)
    made = httpsig.sign(REQUEST, signed.inner.components, signed.inner.params, signer, "sig-b26")
    assert made == {name: REQUEST.headers[name][0] for name in ("signature-input", "signature")}


def test_b24_is_verified() -> None:
    key = Verifier(serialization.load_pem_public_key(P256))
    httpsig.read(RESPONSE, "sig-b24").verify(RESPONSE, key)
    other = Message({**RESPONSE.headers, "date": ["Tue, 20 Apr 2021 02:07:57 GMT"]}, status=201)
    with pytest.raises(WrongSignature):
        httpsig.read(other, "sig-b24").verify(other, key)


def test_digests_of_the_vectors() -> None:
    assert httpsig.digest_matches(REQUEST.headers["content-digest"][0], b'{"hello": "world"}')
    assert httpsig.digest_matches(RESPONSE.headers["content-digest"][0], b'{"message": "good dog"}')
    # RFC 9530, appendix B.1.
    assert httpsig.content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert not httpsig.digest_matches(httpsig.content_digest(b"a"), b"b")
    assert not httpsig.digest_matches("md5=:AAAA:", b"")


def test_derived_components_as_section_2_2_has_them() -> None:
    message = Message({}, "POST", "HTTPS://www.Example.com:443/path?queryString")
    expected = {
        "@method": "POST", "@authority": "www.example.com", "@scheme": "https", "@path": "/path", "@query": "?queryString",
        "@request-target": "/path?queryString",
    }  # fmt: skip
    assert {name: message.value(Component(name)) for name in expected} == expected
    assert Message({}, "GET", "https://x:8443").value(Component("@path")) == "/"
    assert Message({}, "GET", "https://x:8443").value(Component("@authority")) == "x:8443"


def test_a_field_of_several_lines_is_joined() -> None:
    """Section 2.1's example."""
    message = Message({"cache-control": ["max-age=60", "   must-revalidate"], "obs": ["Obsolete\r\n    line folding."], "empty": [""]})
    assert message.value(Component("cache-control")) == "max-age=60, must-revalidate"
    assert message.value(Component("obs")) == "Obsolete line folding."
    assert message.value(Component("empty")) == ""


def test_an_answer_covers_its_request() -> None:
    key = Signer(ec.generate_private_key(ec.SECP256R1()))
    asked = Message({"signature": ["sig1=:AAAA:"]}, "POST", "https://a/b")
    covered = (Component("@status"), Component("signature", (("req", True),)))
    answer = Message({}, status=200, request=asked)
    made = httpsig.sign(answer, covered, {"created": 1}, key)
    assert made["signature-input"] == 'sig1=("@status" "signature";req);created=1'
    signed = Message({name: [value] for name, value in made.items()}, status=200, request=asked)
    httpsig.read(signed).verify(signed, key.verifier)
    elsewhere = Message(signed.headers, status=200, request=Message({"signature": ["sig1=:AAAB:"]}, "POST", "https://a/b"))
    with pytest.raises(WrongSignature):
        httpsig.read(elsewhere).verify(elsewhere, key.verifier)


names = st.text(string.ascii_lowercase + string.digits + "-", min_size=1, max_size=12).filter(lambda text: not text.startswith("-"))
printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=30)
params = st.dictionaries(
    st.sampled_from(["created", "expires", "nonce", "keyid", "tag", "x"]),
    st.one_of(printable, st.integers(-(10**15) + 1, 10**15 - 1), st.booleans(), st.binary(max_size=20)), max_size=5,
)  # fmt: skip
KEYS = [Signer(ec.generate_private_key(ec.SECP256R1())), Signer(ed25519.Ed25519PrivateKey.generate())]


@given(st.dictionaries(names, st.lists(printable.map(str.strip), min_size=1, max_size=3), max_size=5), params, st.sampled_from(KEYS))
def test_what_is_signed_is_verified_and_nothing_else(headers: dict[str, list[str]], given_params: dict[str, Any], key: Signer) -> None:
    message = Message(headers, "POST", "https://a.example/b?c=d")
    covered = tuple(Component(name) for name in ("@method", "@target-uri", *headers))
    made = httpsig.sign(message, covered, given_params, key)
    inner = httpsig.signature_inputs(made["signature-input"])["sig1"]
    assert inner.components == covered and dict(inner.params) == given_params
    assert httpsig.serialize(inner) == made["signature-input"].removeprefix("sig1=")
    signed = Message({**headers, **{name: [value] for name, value in made.items()}}, "POST", message.target)
    httpsig.read(signed).verify(signed, key.verifier)
    for other in (Message(signed.headers, "PUT", message.target), Message(signed.headers, "POST", message.target + "x")):
        with pytest.raises(WrongSignature):
            httpsig.read(other).verify(other, key.verifier)


@given(st.one_of(st.text(max_size=200), st.text('sig1=()";:,@ \t?-0123456789abcAB\\/', max_size=120)))
def test_any_text_is_read_or_malformed(text: str) -> None:
    for read in (httpsig.signature_inputs, httpsig.byte_values):
        try:
            found = read(text)
        except Malformed:
            continue
        assert found and all(isinstance(value, (Inner, bytes)) for value in found.values())
        if read is httpsig.signature_inputs:
            again = ", ".join(f"{label}={httpsig.serialize(inner)}" for label, inner in found.items())  # type: ignore[arg-type]
            assert httpsig.signature_inputs(again) == found


@pytest.mark.parametrize(
    "text",
    [
        "", "sig1", "sig1=", 'sig1=("a"', 'sig1=("a" "b");x;x', 'sig1=("a""b")', 'sig1=("a"),', 'sig1=("a"), sig1=("b")', 'sig1=(a)',
        'sig1=("a");created=1.5', 'sig1=("a");created=9999999999999999', 'sig1=("é")', 'SIG1=("a")', 'sig1=("a\n")',
    ],
)  # fmt: skip
def test_malformed_inputs(text: str) -> None:
    with pytest.raises(Malformed):
        httpsig.signature_inputs(text)


@pytest.mark.parametrize("text", ["sig1=:AA:", "sig1=:AAB=:", "sig1=:A:", "sig1=AAAA", "sig1=:AA-_:", "sig1=:AAAA"])
def test_malformed_bytes(text: str) -> None:
    with pytest.raises(Malformed):
        httpsig.byte_values(text)


@pytest.mark.parametrize(
    "components",
    [
        (Component("x-absent"),), (Component("@status"),), (Component("@query-param", (("name", "a"),)),), (Component("a"), Component("a")),
        (Component("date", (("bs", True),)),), (Component("date", (("req", True),)),), (Component("A"),), (Component("@unknown"),),
    ],
)  # fmt: skip
def test_what_cannot_be_covered_is_refused(components: tuple[Component, ...]) -> None:
    message = Message({"date": ["x"], "a": ["1"]}, "POST", "https://a/b")
    with pytest.raises(Malformed):
        httpsig.signature_base(message, Inner(components))


def test_keys_of_other_kinds_sign_nothing() -> None:
    with pytest.raises(ValueError):
        Signer(ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(WrongSignature):
        KEYS[0].verifier.verify(b"x", b"short")
    wrong = Message(
        {"signature-input": ['sig1=("@method");alg="ed25519"'], "signature": ["sig1=:" + "A" * 86 + "==:"]}, "POST", "https://a/b"
    )
    with pytest.raises(Malformed):
        httpsig.read(wrong).verify(wrong, KEYS[0].verifier)


@given(
    st.one_of(
        st.from_regex(fields._PLAIN_INPUT, fullmatch=True),
        st.from_regex(fields._PLAIN_BYTES, fullmatch=True),
        st.lists(
            st.sampled_from(
                ["sig1", "=", "(", ")", '"@method"', '"date"', ' ', ";created=", "1", "007", "-1", ";keyid=", '"a;b=c"', '"a\\"b"', ";alg", ":", "YQ==", "YR==", ","]
            ),
            max_size=14,
        ).map("".join),
    )
)  # fmt: skip
def test_the_short_way_reads_as_the_strict_reader_does(text: str) -> None:
    def told(read: Any) -> Any:
        try:
            found = read(text)
        except Malformed:
            return Malformed
        return found, [httpsig.serialize(one) for one in found.values() if isinstance(one, Inner)]

    for read in (httpsig.signature_inputs, httpsig.byte_values):
        short = told(read)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("_PLAIN_INPUT", "_PLAIN_BYTES"):
                patch.setattr(fields, name, re.compile("(?!)"))
            assert told(read) == short
