"""A registry with look-alikes to reconcile files with, and what tests of reconciling ask of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from dancu.demo import fill, messy
from dancu.demo.lookalikes import planted
from dancu.demo.messy.insured import Rates, write_insured
from dancu.demo.people import generate
from dancu.demo.records import DemoHousehold, FlawRates
from dancu.exchange.service.reconcile import results, runs, work
from dancu.kernel.actor import Purpose
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.keys import KeyRing
from dancu.sharing.service import data_agreements

__all__ = ["LAW", "ORG", "Registry", "build", "environment", "messy"]
ORG, LAW = "bhxh.test", "41/2024/QH15"
ALL_FIELDS = ("name", "birth", "sex", "personal_id", "address", "head", "household")
PURPOSE = Purpose("social_insurance", LAW, "DS-01")
_PARTNER = """
    INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES (%(org)s, 'Bảo hiểm xã hội', 'Social insurance',
        'ministry', '[2020-01-01,)') ON CONFLICT DO NOTHING;
    INSERT INTO exchange.partner (org_code, state, live_at) VALUES (%(org)s, 'live', now()) ON CONFLICT DO NOTHING;
    DELETE FROM sharing.data_agreement WHERE org_code = %(org)s;
    INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, quota_day, state, proposed_by,
        proposed_org, proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed)
    VALUES (%(org)s, 'reconcile', 1, %(fields)s, jsonb_build_object('social_insurance', %(law)s::text),
        '[2020-01-01,2100-01-01)', %(quota)s, 'in_force', 0, %(org)s, now(), 1, 0, 'dancu', now(), 1, 'x');
"""


@contextmanager
def environment(database: Any) -> Iterator[None]:
    """Commands and loaders find the throw-away database while the block runs."""
    names = {"DANCU_DATABASE_URL": "app"} | {f"DANCU_DATABASE_URL_{r.upper()}": r for r in ("admin", "worker", "import", "verify")}
    os.environ.update({name: database.dsn(role) for name, role in names.items()})
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)


def households(people: int, seed: int = 77) -> Iterator[DemoHousehold]:
    """The people of a test registry: no doubles made on purpose, whose truth would be two numbers."""
    return planted(generate(people, seed, flaws=FlawRates(duplicate=0.0), personas=False), seed)


def build(database: Any, people: int) -> Registry:
    """Fill the database."""
    from dancu.access import service as access
    from dancu.territory import service as territory

    async def make() -> None:
        async with await psycopg.AsyncConnection.connect(database.dsn("admin")) as conn:
            await conn.execute("SET LOCAL ROLE dancu_owner")
            await territory.load(conn)
            await access.sync_catalogue(conn)
        await fill.people(people, lambda done: None, lambda: households(people))
        await fill.settle()

    with environment(database):
        asyncio.run(make())
    registry = Registry(database, people)
    registry.agree()
    return registry


@dataclass
class Registry:
    database: Any
    people: int

    def agree(self, fields: tuple[str, ...] = ALL_FIELDS, quota: int = 10_000_000) -> None:
        """The partner is live and has this agreement. The log's own keeper is not part of these tests."""
        with psycopg.connect(self.database.dsn("admin"), cursor_factory=psycopg.ClientCursor) as conn:
            conn.execute(_PARTNER, {"org": ORG, "fields": list(fields), "law": LAW, "quota": quota})
            conn.execute("UPDATE audit.sequencer SET caught_up_at = 'infinity'")

    def one(self, query: str, *parameters: object) -> Any:
        with psycopg.connect(self.database.dsn("admin")) as conn:
            row = conn.execute(query, parameters).fetchone()
            return row[0] if row else None

    def rows(self, query: str, *parameters: object) -> list[Any]:
        with psycopg.connect(self.database.dsn("admin")) as conn:
            return conn.execute(query, parameters).fetchall()

    async def connect(self, role: str = "app") -> psycopg.AsyncConnection[Any]:
        return await psycopg.AsyncConnection.connect(self.database.dsn(role), autocommit=True)

    def file(self, path: Path, rows: int, seed: int, rates: Rates | None = None) -> dict[int, dict[str, Any]]:
        """A labelled file; the truth by record number (the header is record 1)."""
        today: date = SYSTEM_CLOCK.today()
        truth = write_insured(
            path, lambda: households(self.people), rows, population=self.people, seed=seed, rates=rates, today=today
        )
        return {line["row"] + 1: line for line in map(json.loads, truth.read_text("utf-8").splitlines())}

    async def submit(self, path: Path) -> Any:
        async with await self.connect() as conn, conn.transaction():
            agreement = await data_agreements.in_force(conn, ORG, runs.SERVICE)
            return await runs.submit(
                conn, agreement, PURPOSE, digest=runs.digest_of(path), file_name=path.name, profile_name="social-insurance"
            )

    async def reconcile(self, path: Path, keys: KeyRing, **options: Any) -> tuple[Any, dict[int, dict[str, Any]]]:
        """(what came of the work, results by record) of a whole run."""
        told: dict[int, dict[str, Any]] = {}

        async def deliver(nth: int, lines: bytes) -> None:
            told.update((line["line"], line) for line in map(json.loads, lines.splitlines()))

        run = await self.submit(path)
        done = await work.work(self.connect, keys, run.run_no, path, deliver=deliver, **options)
        return done, told


def measured(truth: dict[int, dict[str, Any]], told: dict[int, dict[str, Any]], cells: dict[int, str]) -> tuple[float, float]:
    """(precision, recall): of rows that were said to be about somebody, how many were about that one; of rows about somebody of
    the registry, how many were said to be about that one. `cells`: the number each row has."""
    said = right = known = 0
    for line, true in truth.items():
        result = told[line]
        known += bool(true["person"])
        if result["outcome"] in ("matched", "matched_with_differences", "dead", "duplicate"):
            said += 1
            right += bool(true["person"]) and result.get("personal_id", cells[line]) == true["person"]
    return right / max(said, 1), right / max(known, 1)


__all__ += ["results"]
