"""A real TLS proxy in front: HAProxy asks for the program's certificate and states it (RFC 9440); tokens and calls are bound to it."""

from __future__ import annotations

import asyncio
import datetime
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dancu.exchange import keys as authority
from dancu.kit import server as http
from dancu.kit.ports import free_port
from dancu_client import AsyncClient, CallRefused
from tests.exchange.calling import WHY, Site
from tests.exchange.calling import site as site

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs HAProxy: apt-get install haproxy"),
]
CONFIG = """
global
    maxconn 100
defaults
    mode http
    timeout connect 5s
    timeout client 20s
    timeout server 20s
frontend partners
    bind 127.0.0.1:{port} ssl crt {folder}/server.pem ca-file {folder}/partners-ca.pem verify required
    http-request del-header Client-Cert
    http-request set-header Client-Cert :%[ssl_c_der,base64]:
    default_backend dancu
backend dancu
    server app 127.0.0.1:{app}
"""


def server_certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    cert = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = cert.public_bytes(serialization.Encoding.PEM)
    (folder / "server-ca.pem").write_bytes(pem)
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "server.pem").write_bytes(pem + secret)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def proxied(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, str, Path]]:
    """(address through the proxy, address past it, folder with the proxy's root)."""
    folder, port, app_port = tmp_path_factory.mktemp("proxy"), free_port(), free_port()
    server_certificate(folder)
    (folder / "partners-ca.pem").write_text(authority.authority().pem)
    (folder / "haproxy.cfg").write_text(CONFIG.format(port=port, folder=folder, app=app_port))
    app: Any = site.app
    settings = app.state.settings
    app.state.issuer = f"https://localhost:{port}"
    server = http.server(app)
    serving = asyncio.create_task(server.serve([http.listening("127.0.0.1", app_port)]))
    proxy = subprocess.Popen(["haproxy", "-f", str(folder / "haproxy.cfg")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
    try:
        for one in (app_port, port):
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", one), 0.2).close()
                    break
                except OSError:
                    await asyncio.sleep(0.05)
        yield f"https://localhost:{port}", f"http://127.0.0.1:{app_port}", folder
    finally:
        proxy.terminate()
        proxy.wait(10)
        server.stop()
        await serving
        app.state.issuer, app.state.settings = "", settings


async def test_mutual_tls_through_haproxy(site: Site, proxied: tuple[str, str, Path]) -> None:
    outside, inside, folder = proxied
    program = await site.program("Bộ Qua HAProxy", bound="mtls")
    await site.agree(program.org_code)
    site.forget()
    config = replace(program.config, base_url=outside, ca=folder / "server-ca.pem")
    # Nobody vouches for the certificate while the proxy's address is not among the trusted.
    site.app.state.settings = replace(site.app.state.settings, trusted_proxies=frozenset())
    async with AsyncClient(config) as client:
        with pytest.raises(CallRefused):
            await client.verify("000190000001", {"name": "Ai Đó"}, WHY)
    site.app.state.settings = replace(site.app.state.settings, trusted_proxies=frozenset({"127.0.0.1"}))
    async with AsyncClient(config) as client:
        assert (await client.verify("000190000001", {"name": "Ai Đó"}, WHY)).body["found"] is False
        token = client.core.token
        # The token and the signature without the certificate are worth nothing.
        asking = client.core.asking("verify", {"number": "000190000001", "fields": {"name": "A"}}, WHY)
        request = client.core.request(asking)
        site.app.state.settings = replace(site.app.state.settings, trusted_proxies=frozenset())
        async with httpx.AsyncClient() as past:
            stolen = await past.post(inside + asking.path, content=asking.content, headers=dict(request.headers))
            assert (stolen.status_code, stolen.json()["code"]) == (401, "exchange.token") and token
    # The proxy may have an address of its own: calls are signed for it, whom they are for is the platform by its own name.
    own, site.app.state.issuer, site.app.state.mtls_url = site.app.state.issuer, "https://dancu.example", outside
    site.app.state.settings = replace(site.app.state.settings, trusted_proxies=frozenset({"127.0.0.1"}))
    try:
        async with AsyncClient(replace(config, issuer="https://dancu.example")) as client:
            answer = await client.verify("000190000001", {"name": "Ai Đó"}, WHY)
            assert answer.body["found"] is False and answer.receipt["entries"][0]["proof_url"].startswith("https://dancu.example/")
            assert client.config.here(answer.receipt["entries"][0]["proof_url"]).startswith(outside)
        async with AsyncClient(config) as client:
            with pytest.raises(CallRefused, match="aud is not"):
                await client.verify("000190000001", {"name": "Ai Đó"}, WHY)
    finally:
        site.app.state.issuer, site.app.state.mtls_url = own, ""
    # Without a certificate of ours there is no connection at all.
    async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=folder / "server-ca.pem")) as nobody:
        with pytest.raises((httpx.HTTPError, ssl.SSLError)):
            await nobody.get(f"{outside}/exchange/jwks")
