"""The electricity company's own customers, as such a company has them before there is one sign-in: accounts with passwords, some
people twice, names typed by hand. A SQLite file of its own."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS customer (
    customer_no TEXT PRIMARY KEY, name TEXT NOT NULL, birthdate TEXT NOT NULL, personal_id TEXT NOT NULL, since TEXT NOT NULL,
    password TEXT, expected_sub TEXT NOT NULL DEFAULT '', outcome TEXT NOT NULL DEFAULT '', sub TEXT NOT NULL DEFAULT '',
    linked_at TEXT, merged_into TEXT REFERENCES customer
);
CREATE TABLE IF NOT EXISTS bill (
    customer_no TEXT NOT NULL REFERENCES customer, month TEXT NOT NULL, kwh INTEGER NOT NULL, amount INTEGER NOT NULL,
    PRIMARY KEY (customer_no, month)
);
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """`merged_into`: the account this one became part of. `retired`: the old password works no more."""

    customer_no: str
    name: str
    since: str
    sub: str
    merged_into: str | None
    retired: bool


@dataclass(frozen=True, slots=True)
class Bill:
    """`customer_no`: under which account it was written, also after a merge. `amount` in đồng."""

    customer_no: str
    month: str
    kwh: int
    amount: int


class Customers:
    def __init__(self, path: Path) -> None:
        self._path = path
        with self._open() as db:
            db.executescript(_SCHEMA)

    def _open(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._path, isolation_level=None))

    def add(self, customer_no: str, name: str, birthdate: str, personal_id: str, since: str, password: str, bills: Iterable[tuple[str, int, int]]) -> None:
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(
                "INSERT OR IGNORE INTO customer (customer_no, name, birthdate, personal_id, since, password) VALUES (?, ?, ?, ?, ?, ?)",
                (customer_no, name, birthdate, personal_id, since, _hash(password)),
            )
            db.executemany("INSERT OR IGNORE INTO bill VALUES (?, ?, ?, ?)", [(customer_no, *bill) for bill in bills])
            db.execute("COMMIT")

    def to_match(self) -> list[dict[str, str]]:
        """Rows not compared with the registry yet, as the linking kit takes them."""
        with self._open() as db:
            rows = db.execute("SELECT customer_no, personal_id, name, birthdate FROM customer WHERE outcome = '' ORDER BY customer_no").fetchall()
        return [dict(zip(("ref", "personal_id", "name", "birthdate"), row, strict=True)) for row in rows]

    def keep_matches(self, results: Iterable[Mapping[str, str]]) -> None:
        with self._open() as db:
            values = [(r["outcome"], r.get("sub", ""), r["ref"]) for r in results]
            db.execute("BEGIN IMMEDIATE")
            db.executemany("UPDATE customer SET outcome = ?, expected_sub = ? WHERE customer_no = ?", values)
            db.execute("COMMIT")

    def link_expected(self, sub: str) -> list[Customer]:
        """The citizen has signed in: what was matched before becomes theirs, once; duplicates become one account."""
        return self._link(sub, "expected_sub = ? AND sub = ''", sub)

    def link_proved(self, sub: str, customer_no: str, password: str) -> list[Customer]:
        """An account the match could not tell for sure: the citizen proves it with its old password, this once. Empty
        where the password is not right or the account is somebody's already."""
        return self._link(sub, "customer_no = ? AND sub = ''", customer_no) if self.check(customer_no, password) else []

    def _link(self, sub: str, which: str, value: str) -> list[Customer]:
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute(f"UPDATE customer SET sub = ?, password = NULL, linked_at = datetime('now') WHERE {which}", (sub, value))
            main = db.execute("SELECT customer_no FROM customer WHERE sub = ? ORDER BY since, customer_no LIMIT 1", (sub,)).fetchone()
            if main:
                db.execute("UPDATE customer SET merged_into = nullif(?, customer_no) WHERE sub = ?", (main[0], sub))
            db.execute("COMMIT")
        return self.of(sub)

    def of(self, sub: str) -> list[Customer]:
        """The accounts of a citizen: the one that stays first, then those merged into it."""
        with self._open() as db:
            rows = db.execute(
                "SELECT customer_no, name, since, sub, merged_into, password IS NULL FROM customer WHERE sub = ?"
                " ORDER BY merged_into IS NOT NULL, since, customer_no",
                (sub,),
            ).fetchall()
        return [Customer(number, name, since, sub, merged_into, bool(retired)) for number, name, since, sub, merged_into, retired in rows]

    def bills(self, customer_nos: Iterable[str]) -> list[Bill]:
        """Newest first; a merged account's keep the number they were written under."""
        wanted = list(customer_nos)
        with self._open() as db:
            marks = ", ".join("?" * len(wanted))
            rows = db.execute(f"SELECT customer_no, month, kwh, amount FROM bill WHERE customer_no IN ({marks}) ORDER BY month DESC, customer_no", wanted).fetchall()
        return [Bill(*row) for row in rows]

    def retired(self, customer_no: str) -> bool:
        """Does this account sign in with the citizen's account alone?"""
        with self._open() as db:
            row = db.execute("SELECT password IS NULL FROM customer WHERE customer_no = ?", (customer_no,)).fetchone()
        return bool(row and row[0])

    def check(self, customer_no: str, password: str) -> bool:
        """Is it the old password of an account that still has one? As long for an account that does not exist."""
        with self._open() as db:
            row = db.execute("SELECT password FROM customer WHERE customer_no = ?", (customer_no,)).fetchone()
        kept = row[0] if row and row[0] else _hash("")
        salt, _, digest = kept.partition("$")
        return hmac.compare_digest(_digest(password, salt), digest) and bool(row and row[0])


def _hash(password: str) -> str:
    salt = secrets.token_hex(8)
    return f"{salt}${_digest(password, salt)}"


def _digest(password: str, salt: str) -> str:
    return hashlib.scrypt(password.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
