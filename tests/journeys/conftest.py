"""The running program: a small demonstration, its server and worker as processes, and a headless Chromium.

One site and one browser for all journeys of a test session; they work on different people, so that they do not meet.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Response, sync_playwright

from tests.kit.html import check_page

PEOPLE = 300
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
AXE = Axe()
_FILL = """
import asyncio, sys
from dancu.cli.operate import bring_up_to_date
from dancu.demo import fill, offices
from dancu.kit import postgres
from dancu.kit.db import data_dir
cluster = postgres.locate(data_dir())
postgres.create(cluster)
postgres.start(cluster)
postgres.ensure_database(cluster)
bring_up_to_date()
asyncio.run(fill.mark())
asyncio.run(fill.people(int(sys.argv[1]), lambda done: None))
asyncio.run(fill.staff())
asyncio.run(offices.seed())
"""
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


_RESIDENT = """
import asyncio
from dancu.kit.db import connection

async def main():
    async with connection("admin") as conn:
        rows = await (await conn.execute(
            "SELECT n.number FROM population.person_number n JOIN population.person p USING (person_key)"
            " WHERE n.kind = 'personal_id' AND p.alive_until = 'infinity' AND p.merged_into IS NULL"
            " ORDER BY n.person_key OFFSET 40 LIMIT 80")).fetchall()
    print(*(row[0] for row in rows))
asyncio.run(main())
"""


class Site(str):
    """The address; `data` is where the running program keeps its data, for commands."""

    data: Path

    def resident(self, nth: int) -> str:
        """Number of somebody who belongs to one journey: the people of the stories are shared."""
        # Told once: a death in another journey would move everybody up by one.
        if not hasattr(self, "_residents"):
            env = {**os.environ, "DANCU_DATA": str(self.data)}
            made = subprocess.run([sys.executable, "-c", _RESIDENT], env=env, check=True, capture_output=True, text=True)
            self._residents = made.stdout.split()
        return self._residents[nth]


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """The address of a running demonstration with a few hundred people; it stops with the last journey."""
    root = Path(tempfile.mkdtemp(prefix="dancu-j-", dir="/tmp"))
    root.chmod(0o755)
    env = {**os.environ, "DANCU_DATA": str(root / "d"), "DANCU_DEMO": "true", "DANCU_SERVICES": "true", "DANCU_SIMULATORS": "true"}
    server: subprocess.Popen[str] | None = None
    try:
        subprocess.run([sys.executable, "-c", _FILL, str(PEOPLE)], env=env, check=True)
        with (root / "serve.log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "dancu", "serve", "--port", "0", "--data", str(root / "d")],
                env=env, stdout=subprocess.PIPE, stderr=log, text=True,
            )  # fmt: skip
        assert server.stdout is not None
        address = Site(next(line.split()[1] for line in server.stdout if line.startswith("ready ")))
        address.data = root / "d"
        yield address
    finally:
        if server is not None:
            server.terminate()
            server.communicate(timeout=90)
        from dancu.kit import postgres

        postgres.remove(postgres.locate(root / "d"))
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="package")
def launch() -> Iterator[Callable[..., Browser]]:
    """`launch("--more-flags")`: a headless Chromium. One Playwright for the journeys, which have no asyncio tests among them:
    its own event loop must not be alive while those run."""
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        yield lambda *flags: playwright.chromium.launch(executable_path=chromium, args=[*_FLAGS, *flags])


@pytest.fixture(scope="package")
def chromium(launch: Callable[..., Browser]) -> Browser:
    return launch()


@pytest.fixture
def browser(chromium: Browser) -> Iterator[Browser]:
    """Pages that a journey leaves open are closed with it: they would go on working beside the next."""
    yield chromium
    for context in chromium.contexts:
        context.close()


@dataclass
class Visitor:
    """One person at one browser."""

    page: Page
    site: str
    document: Response | None = None

    def __post_init__(self) -> None:
        self.page.on("response", self._keep)

    def _keep(self, response: Response) -> None:
        """The page as it was sent: a browser hides nonces and mends markup."""
        if response.request.resource_type == "document" and not 300 <= response.status < 400:
            self.document = response

    def go(self, path: str) -> Visitor:
        self.page.goto(self.site + path)
        return self

    def find(self, number: str) -> Visitor:
        """Open a record by a number."""
        self.go("/desk")
        self.page.fill("#f-q", number)
        self.page.press("#f-q", "Enter")
        self.page.wait_for_url("**/desk/persons/*")
        return self

    def act(self, code: str, **values: str) -> Visitor:
        """From the open record to a verb's form, filled."""
        self.page.goto(self.page.url.split("?")[0] + f"/do/{code}")
        return self.fill(**values)

    def fill(self, **values: str) -> Visitor:
        for name, value in values.items():
            self.page.fill(f"[name={name}]", value)
        return self

    def press(self, text: str) -> Visitor:
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=text, exact=True).click()
        return self

    def preview(self) -> Visitor:
        self.press("Xem trước thay đổi")
        hamlet = self.page.locator("select[name$=_hamlet]")
        if hamlet.count():
            hamlet.select_option("0")
            self.press("Xem trước thay đổi")
        return self.well()

    def well(self) -> Visitor:
        """The page is valid, accessible (WCAG A and AA), and not wider than the screen."""
        self.page.wait_for_load_state()
        assert self.document is not None
        check_page(self.document.text())
        found = AXE.run(self.page, options=WCAG)
        assert found.violations_count == 0, found.generate_report()
        overflow = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{self.page.url} is {overflow} px too wide"
        return self

    @property
    def text(self) -> str:
        """What stands in the main part, with white space collapsed."""
        return " ".join(self.page.inner_text("main").split())

    @property
    def title(self) -> str:
        return self.page.inner_text("h1")


Enter = Callable[..., Visitor]


@pytest.fixture
def enter(site: str, browser: Browser) -> Iterator[Enter]:
    """`enter("Cảnh sát khu vực", width=360, scripts=False)`: a browser of one's own, stepped in as that persona."""
    opened: list[BrowserContext] = []

    def step_in(persona: str, *, width: int = 1366, scripts: bool = True) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": 768}, java_script_enabled=scripts, locale="vi")
        context.set_default_timeout(15_000)
        opened.append(context)
        visitor = Visitor(context.new_page(), site).go("/")
        with visitor.page.expect_navigation():
            visitor.page.locator(".persona", has=visitor.page.get_by_text(persona, exact=True)).locator("button").click()
        return visitor

    yield step_in
    for context in opened:
        context.close()


POLICE, CLERK, COUNTER, CITIZEN = "Cảnh sát khu vực", "Công chức tư pháp – hộ tịch", "Cán bộ một cửa", "Công dân"
REGISTRAR, AUDITOR = "Cán bộ nhập dữ liệu", "Kiểm toán viên nhật ký"
