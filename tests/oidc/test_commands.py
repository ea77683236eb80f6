"""`dancu oidc client …`, as scripts call it, and what it makes used at the token endpoint."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dancu.kernel.errors import DancuError, Invalid
from dancu.oidc import commands
from tests.oidc.conftest import BACK, Site, _key, _public

pytestmark = pytest.mark.asyncio(loop_scope="session")
runner = CliRunner()


def call(*args: str) -> Any:
    """In a thread of its own: commands start their own event loop."""
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(runner.invoke, commands.app, list(args)).result()
    if isinstance(done.exception, DancuError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return json.loads(done.output) if "--json" in args else done.output


@pytest.fixture
def installed(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    monkeypatch.setenv("DANCU_DATABASE_URL", site.registry.dsn("app"))
    return site


def add(*args: str) -> Any:
    return call("client", "add", "--name", "Cổng dịch vụ công", "--redirect-uri", BACK, *args, "--json")


async def test_a_basic_client_gets_a_secret_that_works(installed: Site) -> None:
    made = add()
    assert made["token_endpoint_auth_method"] == "client_secret_basic" and made["state"] == "test" and made["profile"] == "basic"
    assert made["redirect_uris"] == [BACK] and made["client_secret"]
    async with installed.http() as http:
        answer = await http.post("/oidc/token", data={"grant_type": "client_credentials"}, auth=(made["client_id"], made["client_secret"]))
    assert answer.status_code == 200, answer.text
    kept = await installed.sql("SELECT secret_hash FROM oidc.client WHERE client_id = %s", (made["client_id"],))
    assert made["client_secret"].encode() not in bytes(kept[0][0]), "only the digest is kept"
    rows = await installed.sql("SELECT actor_kind, note ->> 'os_user' FROM audit.pending WHERE note ->> 'verb' = 'oidc.client.register'")
    assert rows and all(kind == "system" and user for kind, user in rows)


async def test_a_key_makes_it_fapi(installed: Site, tmp_path: Path) -> None:
    key = _key()
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"keys": [_public(key)]}))
    made = add("--jwks", str(file))
    assert made["profile"] == "fapi2" and made["token_endpoint_auth_method"] == "private_key_jwt"
    assert made["dpop_bound_access_tokens"] and made["require_pushed_authorization_requests"] and "client_secret" not in made
    file.write_text(json.dumps(_public(_key())))
    changed = call("client", "rotate", made["client_id"], "--jwks", str(file), "--json")
    assert changed["jwks"]["keys"][0]["x"] != made["jwks"]["keys"][0]["x"], "a single key is a set of one"


async def test_rotation_keeps_the_old_secret_for_a_while_and_suspension_ends_all(installed: Site) -> None:
    made = add("--profile", "basic", "--subject-type", "public")
    assert made["subject_type"] == "public"
    call("client", "rotate", made["client_id"], "--json")
    new = call("client", "rotate", made["client_id"], "--json")["client_secret"]  # pressed twice: what is in use is still the first
    async with installed.http() as http:

        async def status(secret: str) -> int:
            ask = await http.post("/oidc/token", data={"grant_type": "client_credentials"}, auth=(made["client_id"], secret))
            return ask.status_code

        assert [await status(new), await status(made["client_secret"]), await status("other")] == [200, 200, 401]
        assert call("client", "suspend", made["client_id"], "--json")["state"] == "suspended"
        installed.app.state.oidc.forget(made["client_id"])
        assert await status(new) == 401
        assert call("client", "resume", made["client_id"], "--json")["state"] == "test"
        assert await status(new) == 200
    assert made["client_id"] in call("client", "list")


async def test_a_name_in_english_then_and_later(installed: Site) -> None:
    made = add("--name-en", "Public service portal")
    assert made["client_name#en"] == "Public service portal", "RFC 7591 §2.2"
    assert call("client", "name", made["client_id"], "--name-en", "Province portal", "--json")["client_name#en"] == "Province portal"
    assert "client_name#en" not in call("client", "name", made["client_id"], "--json")


@pytest.mark.parametrize(
    ("args", "field"),
    [
        (("--profile", "fapi2"), "jwks"),
        (("--redirect-uri", "http://service.example/back"), "redirect_uris"),
        (("--redirect-uri", "https://a.example/#f"), "redirect_uris"),
        (("--redirect-uri", "https://[::1/back"), "redirect_uris"),
        (("--redirect-uri", "https://a.example/" + "x" * 2000), "redirect_uris"),
        (("--subject-type", "other"), "subject_type"),
        (("--auth-method", "none"), "profile"),
        (("--backchannel-logout-uri", "http://10.0.0.5/out"), "backchannel_logout_uri"),
        (("--profile", "basic", "--scope", "a b"), "scopes"),
        (("--grant-type", "password"), "grant_types"),
        (("--name-en", "Bank\u202eknaB"), "name_en"),
        (("--name-en", "x" * 121), "name_en"),
    ],
)
async def test_what_must_be_mended_is_named(installed: Site, args: tuple[str, ...], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        add(*args)
    assert field in {one.field for one in caught.value.fields}


async def test_private_keys_and_other_files_are_refused(installed: Site, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(_key().as_dict(private=True)))
    with pytest.raises(Invalid):
        add("--jwks", str(file))
    file.write_text("no json")
    with pytest.raises(Invalid, match=r"oidc\.jwks\.file"):
        add("--jwks", str(file))
    with pytest.raises(Invalid, match=r"option\.invalid"):
        add("--profile", "saml")
    with pytest.raises(DancuError, match=r"organisation\.none"):
        add("--org", "NOWHERE")
