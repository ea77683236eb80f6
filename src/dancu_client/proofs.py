"""Inclusion proofs of evidence entries (RFC 9162, C2SP signed-note and tlog-checkpoint), checked without trusting who sent them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from dancu_client.errors import NotGenuine


@dataclass(frozen=True)
class Proved:
    """What the signed log is proved to hold: `content` as its leaf committed to it, entry `index` of a log of `size`."""

    index: int
    size: int
    log: str
    leaf: dict[str, str]
    content: dict[str, Any]


def check(proof: dict[str, Any], vkey: str, record_hash: str, message_id: str) -> Proved:
    """Raises NotGenuine. `vkey`: the log's public key as published; a key that came with the proof proves nothing."""
    try:
        return _check(proof, vkey, record_hash, message_id)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotGenuine("the proof cannot be read: {kind}", kind=type(error).__name__) from error


def _check(proof: dict[str, Any], vkey: str, record_hash: str, message_id: str) -> Proved:
    if proof["format"] != "dancu-proof/1":
        raise NotGenuine("not a proof of this format")
    name, size, root = _checkpoint(proof["checkpoint"], vkey)
    leaf = str(proof["leaf"]).encode()
    index = int(proof["index"])
    path = [base64.b64decode(part, validate=True) for part in proof["path"]]
    if not _included(leaf, index, size, path, root):
        raise NotGenuine("the entry is not in the signed log")
    committed, opening = json.loads(leaf), proof["opened"]["content"]
    key, value = base64.b64decode(opening["key"], validate=True), str(opening["value"]).encode()
    if len(key) != 32 or hashlib.sha256(key + value).digest() != base64.b64decode(committed["content"], validate=True):
        raise NotGenuine("what the proof opens is not what the log holds")
    if hashlib.sha256(value).hexdigest() != record_hash:
        raise NotGenuine("the entry in the log is not the one of the receipt")
    content = json.loads(value)
    if content.get("request_id") != message_id:
        raise NotGenuine("the entry is of another call")
    return Proved(index, size, name, committed, content)


def _checkpoint(note: str, vkey: str) -> tuple[str, int, bytes]:
    try:
        name, key_id, encoded = vkey.strip().split("+", 2)
        key = base64.b64decode(encoded, validate=True)
    except ValueError as error:
        raise NotGenuine("the log's public key is malformed") from error
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    if len(key) != 33 or key[0] != 1 or expected.hex() != key_id:
        raise NotGenuine("the log's public key is malformed")
    text, _, signatures = note.rpartition("\n\n")
    for line in signatures.splitlines():
        dash, signer, signature = line.split(" ")
        raw = base64.b64decode(signature, validate=True)
        if dash == "\N{EM DASH}" and signer == name and raw[:4] == expected:
            try:
                Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], f"{text}\n".encode())
            except InvalidSignature as error:
                raise NotGenuine("the log's signature is wrong") from error
            origin, size, root = f"{text}\n".split("\n")[:3]
            if origin != name:
                raise NotGenuine("the checkpoint is of another log")
            return name, int(size), base64.b64decode(root, validate=True)
    raise NotGenuine("the checkpoint is not signed by this log")


def _included(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    fn, sn, computed = index, size - 1, hashlib.sha256(b"\x00" + leaf).digest()
    for sibling in path:
        if sn == 0 or len(sibling) != 32:
            return False
        if fn % 2 or fn == sn:
            computed = hashlib.sha256(b"\x01" + sibling + computed).digest()
            while fn and not fn % 2:
                fn, sn = fn // 2, sn // 2
        else:
            computed = hashlib.sha256(b"\x01" + computed + sibling).digest()
        fn, sn = fn // 2, sn // 2
    return sn == 0 and computed == root
