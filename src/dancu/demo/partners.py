"""Who is connected in the demonstration: twelve ministries and agencies, every province, four enterprises, each at a believable step
of its way. The names are those of real organisations; everything said about them is invented and labelled so.

Four of them are live with keys under DATA/demo/partners/<name>/ (key.pem, cert.pem, ca.pem, client.toml), so that one can call: one with
nearly every data service, one that supplies births and deaths, one with a contract, one that needs the citizen's consent."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path

from dancu.access import service as access
from dancu.access.service.os_user import operator
from dancu.demo.partner_data import AGREED, MINISTRIES, PROMISES, PROVINCE_STAGES, Organisation
from dancu.exchange.catalogue import checklist
from dancu.exchange.models.partner import Application, Contact
from dancu.exchange.models.roadmap import Stage
from dancu.exchange.service import partners, roadmap
from dancu.kernel.actor import Actor
from dancu.kernel.clock import SYSTEM_CLOCK
from dancu.kit.db import Conn, connection
from dancu.sharing.models import DataTerms
from dancu.sharing.service import data_agreements
from dancu.territory.service import gazetteer

DEFAULT_URL = "http://localhost:8700"


@dataclass(slots=True)
class _Dates:
    """What is moved into the past once everything is written: nobody joined forty ministries in a minute."""

    applied: dict[str, tuple[date, date | None, bool]] = field(default_factory=dict)
    called: dict[str, int] = field(default_factory=dict)


async def seed(data: Path) -> int:
    """Add them; how many. Nothing where partners are there already."""
    dates = _Dates()
    actor = replace(operator(), request_id="demo.fill")
    async with connection("app") as conn:
        if await partners.every(conn):
            return 0
        known = {org.org_code for org in await access.organisations(conn)}
        everybody = [*MINISTRIES, *_provinces()]
        for number, one in enumerate(everybody):
            if one.code not in known:
                await access.add_organisation(conn, actor, one.code, one.name, one.kind, name_en=one.name_en)
            await _bring(conn, actor, one, number, data, dates)
        for code, title, title_en, owner, days, delivered in PROMISES:
            due = SYSTEM_CLOCK.today() + timedelta(days=days)
            made = await roadmap.promise(conn, actor, code, title, owner, due, title_en=title_en)
            if delivered is not None:
                await roadmap.delivered(conn, actor, made, on=SYSTEM_CLOCK.today() + timedelta(days=delivered))
    await _into_the_past(dates)
    return len(everybody)


def point(data: Path, url: str) -> None:
    """Let the files of the demonstration's partners name the address it runs at this time."""
    for file in sorted((data / "demo" / "partners").glob("*/client.toml")):
        lines = file.read_text("utf-8").splitlines()
        changed = [f'base_url = "{url}"' if line.startswith("base_url") else line for line in lines]
        if changed != lines:
            file.write_text("\n".join(changed) + "\n", "utf-8")


async def _bring(conn: Conn, actor: Actor, one: Organisation, number: int, data: Path, dates: _Dates) -> None:
    """To the step it stands at."""
    if one.stage is Stage.NOT_JOINED:
        return
    today = SYSTEM_CLOCK.today()
    level = 4 if one.kind == "ministry" else 3
    await partners.apply(conn, actor, one.code, _application(level, met=one.stage is not Stage.SECURITY_CHECK))
    applied = today - timedelta(days=20 + number * 17 % 260)
    if one.stage is Stage.SECURITY_CHECK:
        await partners.check(conn, actor, one.code)
        due = data_agreements.answer_by(today) - timedelta(days=one.late)
        dates.applied[one.code] = (due - timedelta(days=9), due, due < today)
        return
    if one.stage is Stage.SANDBOX:
        await _program(conn, actor, one, data, live=False)
        await partners.check(conn, actor, one.code)
        await partners.pass_check(conn, actor, one.code)
        dates.applied[one.code] = (applied, None, False)
        return
    await _program(conn, actor, one, data, live=True)
    for service, fields in AGREED[one.gets].items():
        terms = DataTerms(
            one.code, service, frozenset(fields), dict([one.purpose]), (today, date(today.year + 2, 12, 31)), one.consent, quota_day=200_000
        )
        await data_agreements.grant(conn, actor, terms)
    dates.applied[one.code] = (applied, None, False)
    if one.stage is Stage.LIVE:
        dates.called[one.code] = number % 3
    if one.stage is Stage.SUSPENDED:
        await partners.suspend(conn, actor, one.code, "Chứng thư hết hạn, chưa gia hạn")


async def _program(conn: Conn, actor: Actor, one: Organisation, data: Path, *, live: bool) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one.code)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    made = await partners.add(
        conn, actor, one.name, csr.public_bytes(serialization.Encoding.PEM), org_code=one.code, live=live, system=one.system, base=DEFAULT_URL
    )
    if one.folder:
        pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        _keep(data / "demo" / "partners" / one.folder, pem, made.certificate_pem, made.ca_pem, made.client_id, one.purpose)


def _keep(folder: Path, key: bytes, certificate: str, ca: str, client_id: str, purpose: tuple[str, str]) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(key)
    (folder / "cert.pem").write_text(certificate, "utf-8")
    (folder / "ca.pem").write_text(ca, "utf-8")
    settings = {"base_url": DEFAULT_URL, "client_id": client_id, "key": "key.pem", "certificate": "cert.pem", "log": "calls.ndjson"}
    tried = f"# dancu connect doctor --config client.toml --purpose {purpose[0]} --legal-basis {purpose[1]}\n"
    (folder / "client.toml").write_text(tried + "".join(f'{name} = "{value}"\n' for name, value in settings.items()), "utf-8")


def _application(level: int, *, met: bool) -> Application:
    contacts = tuple(Contact(role, "Đầu mối (mẫu)", "02353800000", f"{role}@example.vn") for role in ("business", "technical", "security"))
    said = {code: {"met": True, "note": ""} for code in checklist.items(level)}
    if not met:
        said["scan"] = {"met": False, "note": "Đang quét, xong trong tháng này"}
    return Application(level, contacts, said)


def _provinces() -> list[Organisation]:
    """Today's provinces beside the demonstration's own, with the steps dealt out."""
    from dancu.access.service.demo import demo_units

    today = SYSTEM_CLOCK.today()
    own = {unit.unit_id for unit in gazetteer().successors(demo_units()[1].unit_id, today)}
    units = [unit for unit in gazetteer().provinces(today) if unit.unit_id not in own]
    return [
        Organisation(
            f"UBND-{unit.code}", f"Ủy ban nhân dân {unit.title[:1].lower()}{unit.title[1:]}", f"People's Committee of {unit.name}", "committee",
            PROVINCE_STAGES[number % len(PROVINCE_STAGES)], "province", ("public_service", "278/2025/NĐ-CP"), "Hệ thống một cửa điện tử",
        )
        for number, unit in enumerate(units)
    ]  # fmt: skip


async def _into_the_past(dates: _Dates) -> None:
    now = SYSTEM_CLOCK.now()
    async with connection("admin") as conn:
        await conn.execute("SET LOCAL ROLE dancu_owner")
        for code, (applied, due, late) in dates.applied.items():
            live = min(applied + timedelta(days=12), SYSTEM_CLOCK.today())
            await conn.execute(
                "UPDATE exchange.partner SET applied_at = %(applied)s::date + interval '2 hours', changed_at = %(live)s::date, due = coalesce(%(due)s::date, due),"
                " live_at = CASE WHEN live_at IS NULL THEN NULL ELSE %(live)s::date::timestamptz END,"
                " escalated_at = CASE WHEN %(late)s THEN now() END WHERE org_code = %(code)s",
                {"applied": applied, "live": live, "due": due, "late": late, "code": code},
            )
            await conn.execute("UPDATE exchange.step SET at = %s::date + interval '2 hours' WHERE org_code = %s", (applied, code))
        for code, days in dates.called.items():
            # A line of the log of calls so that one sees who uses the connection; about nobody, hence without entries.
            await conn.execute(
                "INSERT INTO exchange.call (client_no, message_id, at, org_code, environment, service, officer, purpose, legal_basis,"
                " case_ref, digest, verdict) SELECT client_no, %s, %s, org_code, 'live', 'verify', 'demo', '', '', 'demo', %s, 'ok'"
                " FROM exchange.system WHERE org_code = %s LIMIT 1",
                (f"demo-{secrets.token_hex(12)}", now - timedelta(days=days, hours=3), secrets.token_bytes(32), code),
            )
        await conn.execute("UPDATE exchange.change SET seq = seq + 1")
