"""The registry that reconciling is measured against: registered people with their households and addresses, look-alikes among them,
and a partner who may reconcile. Filled once; kept where a folder is named, for a million takes a quarter of an hour and 7 GB."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common import embedded

ORG, LAW = "bhxh", "41/2024/QH15"
_SEED = 20230415
# What a file and its answers take is small beside the memory a database of a million people is given anyway.
_OPTIONS = ("-c", "shared_buffers=1GB")


def people_of(people: int) -> Callable[[], Iterator[Any]]:
    """The registry's people: the synthetic province with look-alikes planted in it."""
    from dancu.demo.lookalikes import planted
    from dancu.demo.people import generate
    from dancu.demo.records import FlawRates

    return lambda: planted(generate(people, _SEED, flaws=FlawRates(duplicate=0.0), personas=False), 5)


@contextmanager
def registry(people: int, kept: Path | None) -> Iterator[Any]:
    """A running cluster with so many people. `kept`: a folder it is filled in once and stays in."""
    if kept is None:
        with embedded(migrated=False, options=_OPTIONS) as cluster:
            fill(cluster, people)
            yield cluster
        return
    from dancu.kit import postgres
    from dancu.kit.db import use_data

    kept.mkdir(parents=True, exist_ok=True)
    kept.chmod(0o755)
    cluster = postgres.locate(kept / "d")
    filled = kept / "filled"
    postgres.create(cluster)
    postgres.start(cluster, options=_OPTIONS)
    try:
        if not filled.exists():
            postgres.ensure_database(cluster)
            fill(cluster, people)
            filled.write_text(str(people))
        elif filled.read_text() != str(people):
            raise SystemExit(f"{kept} holds {filled.read_text()} people, not {people}")
        use_data(cluster.data)
        yield cluster
    finally:
        postgres.stop(cluster)


def fill(cluster: Any, people: int) -> None:
    """Register the people, wait for their evidence, let the partner in."""
    import psycopg

    from dancu.audit import service as audit
    from dancu.cli.operate import bring_up_to_date
    from dancu.demo import fill as province
    from dancu.kit.db import use_data

    use_data(cluster.data)
    audit.make_signer(cluster.data / "keys")
    bring_up_to_date()

    async def make() -> None:
        async with audit.sequencer():
            await province.people(people, lambda done: None, people_of(people))
        await province.settle()

    asyncio.run(make())
    with psycopg.connect(cluster.dsn("admin"), cursor_factory=psycopg.ClientCursor) as conn:
        conn.execute(
            """INSERT INTO access.organisation (org_code, name, name_en, kind, valid) VALUES (%(org)s, 'BHXH', 'Social insurance',
                   'ministry', '[2020-01-01,)');
               INSERT INTO exchange.partner (org_code, state, live_at) VALUES (%(org)s, 'live', now());
               INSERT INTO sharing.data_agreement (org_code, service, version, fields, purposes, valid, quota_day, state, proposed_by,
                   proposed_org, proposed_at, proposed_entry, agreed_by, agreed_org, agreed_at, agreed_entry, sealed)
               VALUES (%(org)s, 'reconcile', 1, '{name,birth,sex,personal_id,address,head,household}',
                   jsonb_build_object('social_insurance', %(law)s::text), '[2020-01-01,2100-01-01)', 100000000, 'in_force', 0, %(org)s,
                   now(), 1, 0, 'dancu', now(), 1, 'x')""",
            {"org": ORG, "law": LAW},
        )


if __name__ == "__main__":
    import sys

    with registry(int(sys.argv[1]), Path(sys.argv[2])):
        pass
