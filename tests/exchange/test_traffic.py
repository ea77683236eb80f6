"""What went over the exchange, counted from the call log."""

from __future__ import annotations

import pytest

from dancu.exchange.service import traffic
from dancu.kernel.errors import Invalid
from tests.exchange.calling import WHY, site  # noqa: F401

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_calls_refusals_and_agreements_nobody_uses(site):
    program = await site.program("Ngân hàng Thử")
    await site.agree(program.org_code, "verify")
    await site.agree(program.org_code, "lookup")
    site.forget()
    for _ in range(3):
        await program.client.verify("001099000001", {"name": "Nguyễn Văn A"}, WHY)
    await site.sql(
        "INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict)"
        " VALUES (%s, 'refused-000000001', %s, 'live', 'verify', sha256('x'), 'agreement.field')",
        (program.client_no, program.org_code),
    )
    async with site.conn() as conn:
        found = await traffic.last(conn, 24)
        month = await traffic.of_month(conn, "")
        with pytest.raises(Invalid):
            await traffic.of_month(conn, "2026-13")
    (line,) = [one for one in found.lines if one.org_code == program.org_code]
    assert (line.service, line.calls, line.refused, line.officers) == ("verify", 4, 1, 1)
    assert line.p95 >= line.p50 >= 0 and line.used is not None and 0 < line.used <= 1
    assert [(one.code, one.calls) for one in found.refusals if one.org_code == program.org_code] == [("agreement.field", 1)]
    assert (program.org_code, "lookup") in {(org, service) for org, _, service in found.unused}
    assert month.calls >= found.calls - 1


async def test_whom_runs_of_reconciling_compared_is_counted_with_and_without_calls(site):
    program, silent = await site.program("Bảo hiểm Đối Chiếu Nhiều"), await site.program("Cơ quan Nhờ Vận Hành")
    for one in (program, silent):
        await site.agree(one.org_code, "reconcile", "name birth")
        await site.sql(
            "INSERT INTO exchange.reconcile_run (org_code, client_no, digest, terms, file_name, kind, profile, weights, released, purpose, legal_basis, officer, counts, finished_at)"
            " SELECT %s, %s, sha256(n::text::bytea), sha256('t'), 'a.csv', 'csv', 'p', '1', '{}', 'identity_check', 'x', 'A', CASE n WHEN 3 THEN '{}' ELSE jsonb_build_object('compared', 4000) END,"
            " now() - CASE n WHEN 2 THEN interval '40 days' ELSE interval '1 minute' END FROM generate_series(1, 3) AS n",
            (one.org_code, one.client_no),
        )
    await site.sql(
        "INSERT INTO exchange.call (client_no, message_id, org_code, environment, service, digest, verdict) VALUES (%s, 'reconcile-00000001', %s, 'live', 'reconcile', sha256('y'), 'ok')",
        (program.client_no, program.org_code),
    )
    async with site.conn() as conn:
        found = await traffic.last(conn, 24)
    by = {one.org_code: (one.service, one.calls, one.persons) for one in found.lines}
    assert by[program.org_code] == ("reconcile", 1, 4000) and by[silent.org_code] == ("reconcile", 0, 4000)
    assert (silent.org_code, "reconcile") not in {(org, service) for org, _, service in found.unused}
