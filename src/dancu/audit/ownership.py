"""Whose log is it? The key that signed its first checkpoint is the log's key, for good: a second key would be a second
log over the same entries, and nobody could tell a lost file from tampering afterwards."""

from __future__ import annotations

from pathlib import Path

from dancu.audit import keys, note, remembered
from dancu.audit.store import publish
from dancu.kit.db import Conn


async def signer_of_log(conn: Conn, directory: Path, checkpoints: Path) -> note.Signer:
    """The key that may append to this database's log (role worker). Made where there is no key, no public key, no
    checkpoint (here or in `checkpoints`) and no entry; otherwise read and held against the log. Unavailable, with the
    file to restore, where it is missing or another's."""
    if not (directory / keys.KEY).exists():
        if await publish.has_begun(conn) or remembered.read(checkpoints):
            raise keys.missing(directory)
        return keys.make_signer(directory)
    signer = keys.load_signer(directory)
    await _check(conn, directory, signer.verifier)
    keys.publish(directory, signer)
    return signer


async def check_key(conn: Conn, directory: Path, checkpoints: Path) -> None:
    """Readiness: what this machine holds of the log's keys is whole and the log's own. A machine that never signed
    (it remembers no checkpoint) need not hold the signing key. Raises Unavailable."""
    if (directory / keys.KEY).exists():
        await _check(conn, directory, keys.load_signer(directory).verifier)
    elif checkpoints.is_dir():
        raise keys.missing(directory)
    elif (directory / keys.VKEY).exists():
        await _check(conn, directory, keys.load_verifier(directory))


async def _check(conn: Conn, directory: Path, verifier: note.Verifier) -> None:
    first = await publish.first(conn)
    if first is not None and not signed_by(first.note, verifier):
        raise keys.foreign(directory, verifier.name, first.origin)


def signed_by(text: str, verifier: note.Verifier) -> bool:
    """Is this a checkpoint that `verifier`'s key signed?"""
    try:
        note.open_checkpoint(text, [verifier])
    except note.BadNote:
        return False
    return True
