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
