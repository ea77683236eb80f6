"""Client certificates through a real TLS front: HAProxy verifies the chain, hands the certificate on (RFC 9440), and the
program believes it from its own proxy alone (RFC 8705, FAPI 2.0). Skipped where HAProxy is not installed."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from dancu.kit.ports import free_port
from tests.journeys.conftest import Site

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
pytestmark = [pytest.mark.journey, pytest.mark.skipif(HAPROXY is None, reason="needs HAProxy: apt-get install haproxy")]

# As docs/operator has it.
_CONFIG = """
global
    log stderr format raw local0 err
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend tls
    bind 127.0.0.1:{front} ssl crt {folder}/server.pem ca-file {folder}/ca.pem verify optional
    http-request del-header Client-Cert
    http-request set-header Client-Cert ":%[ssl_c_der,base64]:" if {{ ssl_c_used }} {{ ssl_c_verify 0 }}
    http-request set-header X-Forwarded-For %[src]
    default_backend program
backend program
    server one 127.0.0.1:{back}
"""


class Authority:
    """A certificate authority of the tests."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder, self.key = folder, ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Tests {name}")])
        self.write(f"{name}.pem", self.made(self.name, self.key, ca=True))

    def made(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, ca: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2)).add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )  # fmt: skip
        if not ca:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, file: str, common_name: str) -> x509.Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        organisation = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Sở Y tế")
        cert = self.made(x509.Name([organisation, x509.NameAttribute(NameOID.COMMON_NAME, common_name)]), key)
        self.write(file, cert, key)
        return cert

    def write(self, file: str, cert: x509.Certificate, key: ec.EllipticCurvePrivateKey | None = None) -> None:
        text = cert.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            text += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / file).write_bytes(text)


@dataclass
class Front:
    """The address browsers and programs know, the folder of certificates, the registered client."""

    url: str
    folder: Path
    client_id: str
    thumbprint: str
    back: str

    def http(self, cert: str = "") -> httpx.Client:
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        if cert:
            context.load_cert_chain(str(self.folder / cert))
        return httpx.Client(base_url=self.url, verify=context, trust_env=False, timeout=20)

    def token(self, cert: str = "", headers: dict[str, str] | None = None) -> httpx.Response:
        with self.http(cert) as http:
            body = {"grant_type": "client_credentials", "client_id": self.client_id, "scope": "registry.read"}
            return http.post("/oidc/token", data=body, headers=headers)


def _up(port: int) -> None:
    for _ in range(600):
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(port)


@pytest.fixture(scope="module")
def front(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A second server on the same data that knows its proxy, and HAProxy before it."""
    folder = tmp_path_factory.mktemp("front")
    ours, theirs = Authority(folder), Authority(folder, "stranger")
    ours.issue("server.pem", "localhost")
    ours.issue("other.pem", "another client")
    theirs.issue("forged.pem", "so-y-te.example")
    cert = ours.issue("client.pem", "so-y-te.example")
    public, back = free_port(), free_port()
    url = f"https://localhost:{public}"
    command = [sys.executable, "-m", "dancu", "oidc", "client", "add", "--name", "Sở Y tế", "--profile", "fapi2", "--data", str(site.data)]
    more = ["--auth-method", "tls_client_auth", "--tls-subject", cert.subject.rfc4514_string(), "--bound", "mtls", "--json"]
    grants = ["--grant-type", "client_credentials", "--scope", "registry.read"]
    made = subprocess.run([*command, *more, *grants], check=True, capture_output=True, text=True)
    env = {
        **os.environ, "DANCU_DATA": str(site.data), "DANCU_HTTPS": "true", "DANCU_PUBLIC_URL": url,
        "DANCU_TRUSTED_PROXIES": '["127.0.0.1"]', "DANCU_LOG_FILE": str(folder / "serve.log"),
    }  # fmt: skip
    serve = [sys.executable, "-m", "dancu", "serve", "--port", str(back), "--data", str(site.data), "--no-worker"]
    server = subprocess.Popen(serve, env=env, stdout=subprocess.DEVNULL)
    (folder / "haproxy.cfg").write_text(_CONFIG.format(front=public, folder=folder, back=back))
    assert HAPROXY is not None
    proxy = subprocess.Popen([HAPROXY, "-f", str(folder / "haproxy.cfg"), "-db"])
    try:
        _up(back)
        _up(public)
        digest = hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).digest()
        thumbprint = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        yield Front(url, folder, json.loads(made.stdout)["client_id"], thumbprint, f"http://127.0.0.1:{back}")
    finally:
        for child in (proxy, server):
            child.terminate()
            child.wait(30)


def test_the_certificate_is_the_client_and_the_token_is_bound_to_it(front: Front) -> None:
    answer = front.token("client.pem")
    assert answer.status_code == 200, answer.text
    payload = answer.json()["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["cnf"] == {"x5t#S256": front.thumbprint}
    assert claims["iss"] == front.url


@pytest.mark.parametrize("cert", ["", "other.pem"])
def test_without_it_or_with_another_clients_nothing_opens(front: Front, cert: str) -> None:
    answer = front.token(cert)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_certificate_of_another_authority_does_not_come_through(front: Front) -> None:
    try:
        answer = front.token("forged.pem")
    except httpx.TransportError:
        return  # refused in the handshake
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_header_typed_by_the_caller_is_nothing(front: Front) -> None:
    der = x509.load_pem_x509_certificate((front.folder / "client.pem").read_bytes()).public_bytes(serialization.Encoding.DER)
    typed = {"Client-Cert": f":{base64.b64encode(der).decode()}:"}
    answer = front.token("", typed)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = front.token("other.pem", typed)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_the_same_typed_twice_before_the_program_is_nothing(front: Front) -> None:
    """A proxy that adds its header without taking the caller's away leaves two: neither is believed."""
    der = x509.load_pem_x509_certificate((front.folder / "client.pem").read_bytes()).public_bytes(serialization.Encoding.DER)
    value = f":{base64.b64encode(der).decode()}:"
    body = {"grant_type": "client_credentials", "client_id": front.client_id}
    with httpx.Client(base_url=front.back, trust_env=False, headers={"Host": "localhost"}) as http:
        one = http.post("/oidc/token", data=body, headers=[("Client-Cert", value)])
        two = http.post("/oidc/token", data=body, headers=[("Client-Cert", value), ("Client-Cert", value)])
    assert one.status_code == 200
    assert (two.status_code, two.json()["error"]) == (401, "invalid_client")
