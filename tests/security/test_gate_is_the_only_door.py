"""For every table about persons, whatever migration made it: without the gate the application sees and changes nothing;
a look lets it read and not write; nobody rewrites or deletes history. Generated from the catalogue, so that a table
added tomorrow is covered before anybody thinks of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import psycopg
import pytest

from dancu.kernel.actor import Purpose
from dancu.kernel.dates import PartialDate
from dancu.population import service
from dancu.population.models import CardKind, ContactKind, HouseholdRelation, Sex
from tests.population.conftest import place

CHECK = Purpose("identity_check", "26/2023/QH15")
#: A column of one of these names says whom a row is about.
PERSONAL = ("person_key", "household_key", "relative_key", "subject", "kept_key", "candidates", "cells")
#: Tables about persons that the application reads without row security, and why that is meant.
OPEN = {
    # Written by the officer, read by those who were told; what it opens is decided by the gate at each look.
    ("access", "break_glass"),
    # A browser's credential id, drawn at random, finds whose it is; asked by that id alone before anybody is known.
    ("accounts", "passkey_directory"),
    # The subject of a certificate is a program.
    ("exchange", "certificate"),
}
#: Tables of which the application deletes rows: an id taken away must be free again. (Who had it stands in the log.)
DELETABLE = {("accounts", "passkey_directory")}
#: What of a row may change after it was written; everything else is history.
CHANGEABLE = {
    "person": {"areas", "alive_until", "merged_into", "last_recorded", "missing"},
    "directory": {"state", "person_key"},
    "person_search": {"areas", "name_ascii", "name_folded", "sort_key", "birth_year", "birth_month", "birth_day", "terms"},
    "finding": {"settled_at", "settled_by"},
    "merge": {"undone_at", "undone_entry_id"},
    "card_order": {"state", "delivered_at", "delivered_by", "activated_at", "cancelled_at"},
    "case": {"state", "answered_at", "answered_by", "answered_org", "answer", "answer_basis", "answer_entry_id"},
    "break_glass": {"reviewed_at", "reviewed_by", "finding", "comment"},
    # An account stands somewhere between approved and closed; what happened to it is in accounts.happening and the log.
    "account": {
        "level", "state", "lock_version", "language", "phone", "phone_index", "email", "email_index", "phone_verified_at",
        "email_verified_at", "contact_changed_at", "channel", "office", "unit_id", "assisted", "guardian_key", "notified_at",
        "activate_by", "activated_at", "used_at", "last_used_at", "idle_reason", "reminded", "waves", "wave_at",
        "closed_at", "closed_reason",
    },
    # What was claimed and when never changes; whom it concerns is found out by the check.
    "application": {
        "person_key", "state", "reasons", "findings", "rule", "office", "unit_id", "areas", "due_on", "escalated_at",
        "decided_by", "decided_at", "second_by", "second_at", "decision", "portrait", "checked_at",
    },
    "lock": {"state", "decided_by", "decided_at", "decision", "lifted_by", "lifted_at", "lifted_reason"},
    "recovery": {"state", "second_by", "second_at", "code_ok_at", "done_at"},
    "contact_change": {"state", "decided_by", "decided_at", "reason", "objection_digest", "objected_at"},
    "authenticator": {"label", "public", "last_used_at", "revoked_at"},
    "sign_in": {"ended_at"},
    "happening": {"disowned_at"},
    "code": {"code_digest", "digits", "sent_at", "expires_at", "tries", "context", "used_at", "used_by"},
    "approval": {"state", "decided_at", "acr", "amr", "sid", "auth_time", "lock_version"},
    "mandate": {"powers", "ended_at"},
    # Who opened a visit, when, for whom and how the card compared stays; what was taken goes when it is decided.
    "visit": {
        "state", "circumstances", "stated", "documents", "card_wanted", "card_order", "confirmed_at", "confirmed_how",
        "form_digest", "submitted_at", "due_on", "decided_by", "decided_at", "second_by", "second_at", "decision",
    },
    "capture": {"image", "outcome", "score", "device_id", "taken_at"},
    "passkey_directory": {"credential_id", "person_key", "authenticator_id"},
    "certificate": {"revoked_at", "reason"},
    "confirmation": {"revoked_at", "revoked_why"},
    # What a ministry answered last, and how a document stands: live copies of what others keep. Who saw them is in the log.
    "paper_demand": {"paper", "said"},
    "paper": {"found", "sealed", "as_of", "how", "fetched_at", "entry_id"},
    "document": {
        "changed_at", "standing", "number_hash", "state", "sealed", "differs", "reason", "as_of", "checked_at", "tried_at", "entry_id",
        "asked_at", "asked_how",
    },
    "dispute": {"state", "case_id", "desk", "answer", "answer_basis", "answer_due", "done_due", "legal_basis", "answered_at"},
}  # fmt: skip
FACT = {"recorded", "closed_by", "alive_until"}


@pytest.fixture
def catalogue(database) -> Iterator[psycopg.Connection]:  # type: ignore[no-untyped-def]
    with psycopg.connect(database.dsn("admin")) as conn:
        yield conn


def personal_tables(conn: psycopg.Connection) -> list[tuple[str, str]]:
    return conn.execute(
        """SELECT DISTINCT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^(pg_|information_schema|procrastinate)'
              AND a.attname = ANY (%s) ORDER BY 1, 2""",
        (list(PERSONAL),),
    ).fetchall()


def test_every_table_about_persons_is_closed_to_the_application_or_under_row_security(catalogue):
    tables = personal_tables(catalogue)
    assert len(tables) > 20
    wrong = []
    for schema, table in tables:
        name = f'{schema}."{table}"'
        (readable, guarded) = catalogue.execute(
            "SELECT has_any_column_privilege('dancu_app', c.oid, 'SELECT'), c.relrowsecurity AND c.relforcerowsecurity"
            " FROM pg_class c WHERE c.oid = %s::regclass",
            (name,),
        ).fetchone()
        if readable and not guarded and (schema, table) not in OPEN:
            wrong.append(name)
    assert wrong == []


def test_nobody_deletes_and_history_is_not_rewritten(catalogue):
    for schema, table in personal_tables(catalogue):
        name = f'{schema}."{table}"'
        for role in ("dancu_app", "dancu_verify", "dancu_biometric"):
            for privilege in ("DELETE", "TRUNCATE", "TRIGGER", "REFERENCES"):
                if privilege == "DELETE" and (schema, table) in DELETABLE:
                    continue
                (held,) = catalogue.execute("SELECT has_table_privilege(%s, %s, %s)", (role, name, privilege)).fetchone()
                assert not held, (role, name, privilege)
        columns = [
            row[0]
            for row in catalogue.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
                " AND has_column_privilege('dancu_app', attrelid, attnum, 'UPDATE')",
                (name,),
            )
        ]
        assert set(columns) <= CHANGEABLE.get(table, FACT), name


def test_the_application_can_shadow_nothing(catalogue):
    """No schema to create in, no temporary tables: a name in a definer's function is the one its author meant."""
    rows = catalogue.execute(
        "SELECT r.rolname, n.nspname FROM pg_roles r, pg_namespace n WHERE r.rolname IN ('dancu_app', 'dancu_worker',"
        " 'dancu_verify', 'dancu_biometric', 'dancu_gate') AND n.nspname !~ '^pg_(toast|temp)'"
        " AND has_schema_privilege(r.oid, n.oid, 'CREATE') AND NOT (r.rolname = 'dancu_gate' AND n.nspname IN"
        " ('population', 'quality', 'accounts', 'oidc', 'cards', 'sharing'))"
    ).fetchall()
    assert rows == []
    for role in ("dancu_app", "dancu_worker", "dancu_verify", "dancu_gate", "dancu_biometric"):
        assert catalogue.execute(
            "SELECT has_database_privilege(%s, current_database(), 'TEMPORARY')", (role,)
        ).fetchone() == (False,), role
    paths = catalogue.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE p.prosecdef AND n.nspname !~ '^pg_'"
        " AND NOT coalesce(p.proconfig, '{}') && ARRAY['search_path=pg_catalog, pg_temp',"
        " 'search_path=pg_catalog, audit, pg_temp', 'search_path=pg_catalog, kit, pg_temp', 'search_path=pg_catalog, public, pg_temp']"
    ).fetchall()
    assert paths == []


@pytest.fixture
async def family(office, app):  # type: ignore[no-untyped-def]
    """A household with something in most tables, committed."""
    one = await office.person("Trần Văn Sáu", sex=Sex.MALE, year=1970)
    two = await office.person("Lê Thị Bông", sex=Sex.FEMALE, year=1972)
    await office(service.marry, one, spouse_key=two, on=date(2025, 8, 1))
    await office(
        service.create_household, one, place=place(), since=date(2025, 8, 1), members={two: HouseholdRelation.SPOUSE}
    )
    await office(service.allocate_number, one, place_code="049", since=date(2025, 8, 1))
    await office(service.issue_card, one, kind=CardKind.CHIP, number="1", issued_on=date(2025, 8, 2))
    await office(service.change_contact, two, kind=ContactKind.PHONE, value="0905000000", since=date(2025, 8, 2))
    await office(service.die, one, on=PartialDate(2026, 1, 1))
    await app.commit()
    return one, two


async def test_without_the_gate_no_row_is_seen_or_changed(family, app, catalogue):
    filled = 0
    for schema, table in personal_tables(catalogue):
        name = f'{schema}."{table}"'
        (guarded, readable) = catalogue.execute(
            "SELECT relrowsecurity, has_table_privilege('dancu_app', oid, 'SELECT') FROM pg_class WHERE oid = %s::regclass",
            (name,),
        ).fetchone()
        if not (guarded and readable):
            continue
        filled += bool(catalogue.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone())
        assert await (await app.execute(f"SELECT count(*) FROM {name}")).fetchone() == (0,), name
        for column in sorted(CHANGEABLE.get(table, FACT)):
            async with app.transaction(force_rollback=True):
                try:
                    touched = (await app.execute(f"UPDATE {name} SET {column} = {column}")).rowcount
                except psycopg.errors.InsufficientPrivilege:
                    continue
                except psycopg.errors.UndefinedColumn:
                    continue
                assert touched == 0, (name, column)
    assert filled >= 12


async def test_a_look_opens_rows_to_be_read_and_not_to_be_changed(family, app, police):
    one, two = family
    await service.open_person(app, police, CHECK, two)
    assert await (await app.execute("SELECT full_name FROM population.person_name")).fetchone() == ("Lê Thị Bông",)
    for change in (
        "UPDATE population.person_name SET closed_by = 1",
        "UPDATE population.person SET areas = '{}'",
        "UPDATE population.household SET closed_by = 1",
        "UPDATE population.directory SET state = 'cancelled'",
        "UPDATE population.person_search SET terms = '{}'",
    ):
        assert (await app.execute(change)).rowcount == 0, change
    for addition in (
        f"INSERT INTO population.contact (person_key, kind, value, valid, recorded, source_kind, entry_id)"
        f" VALUES ({two}, 'email', 'x@y.vn', '(,)', '[2026-01-01,)', 'declaration', 1)",
        f"INSERT INTO population.directory (number, kind, person_key) VALUES ('049300000001', 'personal_id', {two})",
        f"INSERT INTO population.finding (person_key, code) VALUES ({two}, 'x')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with app.transaction():
                await app.execute(addition)
    assert one != two


async def test_news_of_everybody_is_not_the_applications_to_read(app):
    for table in ("kit.event", "kit.outbox", "kit.subscription", "audit.content", "audit.pending"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with app.transaction():
                await app.execute(f"SELECT 1 FROM {table}")
