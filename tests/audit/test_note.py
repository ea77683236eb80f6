"""Signed notes: the specification's own example, what must be refused, and witnesses' lines kept."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dancu.audit import note

# The example of the Go package golang.org/x/mod/sumdb/note (its documentation), also used by the C2SP test suite.
PETER_SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_the_known_key_signs_the_known_note() -> None:
    signer = note.parse_skey(PETER_SKEY)
    assert (signer.skey, signer.verifier.vkey) == (PETER_SKEY, PETER_VKEY)
    text = PETER_NOTE.split("\n\n")[0] + "\n"
    assert signer.sign(text) == PETER_NOTE
    assert note.open_note(PETER_NOTE, [note.parse_vkey(PETER_VKEY)])[0] == text


def test_checkpoint_and_a_witness() -> None:
    signer, witness = note.new_signer("log.example/a"), note.new_signer("witness.example")
    made = note.sign_checkpoint(signer, 5, bytes(range(32)))
    cosigned = made.note + witness.sign(made.text()).split("\n\n")[1]
    assert len(note.split_note(cosigned)[1]) == 2
    # The log's key alone is enough; an unknown witness is ignored; a known one is verified.
    for known in ([signer.verifier], [signer.verifier, witness.verifier]):
        found = note.open_checkpoint(cosigned, known)
        assert (found.size, found.root, found.origin) == (5, bytes(range(32)), "log.example/a")
    with pytest.raises(note.BadNote):
        note.open_checkpoint(cosigned, [witness.verifier])  # a witness alone is not the log
    broken = made.note + f"— witness.example {base64.b64encode(witness.verifier.id + bytes(64)).decode()}\n"
    with pytest.raises(note.BadNote):
        note.open_checkpoint(broken, [signer.verifier, witness.verifier])


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.replace("\n5\n", "\n6\n"),
        lambda n: n.replace("\n5\n", "\n05\n"),
        lambda n: n.replace("log.example/a\n", "log.example/b\n", 1),
        lambda n: n[:-1],
        lambda n: n.replace("— ", "- "),
        lambda n: n.split("\n\n")[0] + "\n",
        lambda n: n.replace("\n\n", "\n"),
        lambda n: "\x01" + n,
        lambda n: "",
    ],
)
def test_changed_notes_are_refused(change) -> None:  # type: ignore[no-untyped-def]
    signer = note.new_signer("log.example/a")
    made = note.sign_checkpoint(signer, 5, bytes(32))
    with pytest.raises(note.BadNote):
        note.open_checkpoint(change(made.note), [signer.verifier])


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    verifier = note.parse_vkey(PETER_VKEY)
    for parse in (lambda: note.open_checkpoint(text, [verifier]), lambda: note.parse_vkey(text)):
        with pytest.raises(note.BadNote):
            parse()
    note.split_notes(text)


def test_a_file_of_notes() -> None:
    signer = note.new_signer("log.example/a")
    notes = [note.sign_checkpoint(signer, n, bytes(32)).note for n in range(3)]
    for glue in ("", "\n", "\n\n"):
        assert note.split_notes(glue.join(notes)) == notes


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u2003b", "a\nb"])
def test_key_names(name: str) -> None:
    with pytest.raises(note.BadNote):
        note.new_signer(name)
