"""Making and reading signatures of messages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from dancu.kit.httpsig.fields import Bare, Component, Inner, Malformed, byte_values, serialize, signature_inputs
from dancu.kit.httpsig.keys import Signer, Verifier
from dancu.kit.httpsig.message import Message, signature_base


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it came; nothing in it is true before `verify`."""

    inner: Inner
    signature: bytes

    def verify(self, message: Message, key: Verifier) -> None:
        """Raises Malformed or WrongSignature. An `alg` that is stated must be the key's."""
        if "alg" in self.inner.params and self.inner.text("alg") != key.alg:
            raise Malformed("alg is not the key's")
        key.verify(signature_base(message, self.inner), self.signature)


def read(message: Message, label: str = "sig1") -> Signed:
    """The signature called `label`. Raises Malformed."""
    inputs, signatures = message.headers.get("signature-input", ()), message.headers.get("signature", ())
    if not inputs or not signatures:
        raise Malformed("the message is not signed")
    inner = signature_inputs(", ".join(inputs)).get(label)
    signature = byte_values(", ".join(signatures)).get(label)
    if inner is None or signature is None:
        raise Malformed(f"no signature is called {label}")
    return Signed(inner, signature)


def sign(
    message: Message, components: tuple[Component, ...], params: Mapping[str, Bare], key: Signer, label: str = "sig1"
) -> dict[str, str]:
    """The two fields, by name in lower case. Raises Malformed."""
    inner = Inner(components, params)
    said = serialize(inner)
    signature = b64encode(key.sign(signature_base(message, inner, said))).decode()
    return {"signature-input": f"{label}={said}", "signature": f"{label}=:{signature}:"}
