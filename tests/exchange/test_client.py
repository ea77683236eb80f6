"""dancu-client against the running program: a partner's whole life by the commands others will script, the doctor, losses of answers,
and webhooks."""

from __future__ import annotations

import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dancu.exchange.service.receipts import AnswerKeys
from dancu_client import (
    AnswerLost,
    CallRefused,
    Client,
    Config,
    ConfigError,
    Context,
    NotGenuine,
    NotReached,
    WebhookVerifier,
    signing,
)
from dancu_client.doctor import Doctor
from tests.exchange.calling import WHY, Site, csr_of
from tests.exchange.calling import site as site
from tests.platform.installation import copy_of


@pytest.fixture(scope="module")
def demo(filled: Path) -> Iterator[tuple[str, Path]]:
    """(address, data folder) of a small demonstration that runs as its own program."""
    place = copy_of(filled)
    try:
        process = place.start("demo", "--no-services", "--no-simulators", env={"DANCU_LOG_LEVEL": "WARNING"})
        yield f"http://localhost:{process.port()}", place.data
    finally:
        place.clean_up()


def dancu(data: Path, *args: str, fails: bool = False) -> Any:
    env = {k: v for k, v in os.environ.items() if not k.startswith("DANCU_")} | {"DANCU_DATA": str(data)}
    done = subprocess.run([sys.executable, "-m", "dancu", *args], capture_output=True, text=True, env=env, check=False)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in args else done.stdout


def until_refused(client: Client) -> None:
    for _ in range(100):
        client.verify("049190999999", {"name": "Trần Thị Hoà"}, WHY)
        time.sleep(0.1)


@pytest.mark.timeout(900)
def test_a_partner_from_joining_to_being_suspended(demo: tuple[str, Path], tmp_path: Path) -> None:
    url, data = demo
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "csr.pem").write_bytes(csr_of(key))
    added = dancu(data, "partner", "add", "--name", "Bộ Kết Nối", "--csr", str(tmp_path / "csr.pem"), "--json")
    assert added["endpoints"]["issuer"] == url, "where the demonstration of this folder runs"
    (tmp_path / "cert.pem").write_text(added["certificate"])
    (tmp_path / "dancu.toml").write_text(
        f'base_url = "{url}"\nclient_id = "{added["client_id"]}"\nkey = "key.pem"\ncertificate = "cert.pem"\nlog = "calls.ndjson"\n'
    )
    granted = (
        "agreement", "grant", "--partner", added["org_code"], "--service", "verify", "--fields", "name,birth", "--purpose", WHY.purpose,
        "--legal-basis", WHY.legal_basis, "--until", f"{time.localtime().tm_year + 1}-06-30", "--json",
    )  # fmt: skip
    dancu(data, *granted)
    told = dancu(data, "connect", "doctor", "--config", str(tmp_path / "dancu.toml"), "--json")
    states = {step["name"]: step["state"] for step in told["steps"]}
    assert told["sound"] and states.pop("tls") == "warn" and states.pop("proof") == "warn" and set(states.values()) == {"ok"}, told
    with Client(Config.load(tmp_path / "dancu.toml")) as client:
        answer = client.verify("049190999999", {"name": "Trần Thị Hoà"}, WHY)
        assert answer.body == {"found": False, "fields": {}}
        began = time.monotonic()
        (proved,) = client.proof(answer)
        assert time.monotonic() - began < 2.0 and proved.content["request_id"] == answer.message_id
        compared = dancu(data, "exchange", "compare-logs", "--partner", added["org_code"], "--their-log", str(tmp_path / "calls.ndjson"), "--json")
        assert compared["matched"] == 2 and not compared["differs"]
        log = tmp_path / "calls.ndjson"
        log.write_text("".join(line for line in log.read_text().splitlines(keepends=True) if answer.message_id not in line))
        compared = dancu(data, "exchange", "compare-logs", "--partner", "Bộ Kết Nối", "--their-log", str(log), "--json", fails=True)
        assert [one["message_id"] for one in compared["found"]] == [answer.message_id]
        dancu(data, "partner", "suspend", added["org_code"], "--json")
        began = time.monotonic()
        with pytest.raises(CallRefused) as refused:
            until_refused(client)
        assert refused.value.code in ("exchange.suspended", "token.invalid_client") and time.monotonic() - began < 3
    told = dancu(data, "connect", "doctor", "--config", str(tmp_path / "dancu.toml"), "--json", fails=True)
    assert not told["sound"] and next(step for step in told["steps"] if step["state"] == "fail")["name"] in ("token", "agreement")


def test_a_configuration_that_cannot_be_used(tmp_path: Path) -> None:
    rest = '\nclient_id="a"\nkey="k"\ncertificate="c"\n'
    for text in (
        "", "base_url = 1", f'base_url = "x"{rest}', 'colour = "red"', "\x00", f'base_url = "http://localhost:99999"{rest}', f'base_url = "https://"{rest}',
        f'base_url = "https://a.example"{rest}timeout = -1', f'base_url = "https://a.example"{rest}attempts = 0',
    ):  # fmt: skip
        (tmp_path / "c.toml").write_text(text)
        with pytest.raises(ConfigError):
            Config.load(tmp_path / "c.toml")
    (tmp_path / "c.toml").write_text(f'base_url = "https://a.example"{rest}ca = "nothing.pem"')
    with pytest.raises(ConfigError, match="nothing"):
        Client(Config.load(tmp_path / "c.toml"))


class Flaky(httpx.AsyncBaseTransport):
    """Loses the answers of calls: they arrive, and nobody hears of it."""

    def __init__(self, inner: httpx.AsyncBaseTransport, losses: int) -> None:
        self.inner, self.losses = inner, losses

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self.inner.handle_async_request(request)
        if "/api/v1/exchange/" in request.url.path and self.losses:
            self.losses -= 1
            raise httpx.ReadError("lost")
        return response


@pytest.mark.asyncio(loop_scope="session")
async def test_a_lost_answer_is_not_a_second_call(site: Site) -> None:
    program = await site.program("Bộ Mất Trả Lời")
    await site.agree(program.org_code)
    site.forget()
    flaky = Flaky(httpx.ASGITransport(site.app), 1)
    async with httpx.AsyncClient(transport=flaky, base_url=program.config.base_url) as http:
        from dancu_client import AsyncClient

        client = AsyncClient(program.config, http)
        with pytest.raises(AnswerLost):
            await client.call("verify", {"number": "000190000001", "fields": {"name": "A"}}, WHY)
        lines = await site.sql("SELECT verdict FROM exchange.call WHERE client_no = %s ORDER BY at", (program.client_no,))
        assert lines == [("person.not_found",), ("exchange.replay",)]
        flaky.losses = 1  # a question is asked again under a new id
        assert (await client.verify("000190000001", {"name": "A"}, WHY)).body["found"] is False
        flaky.losses = 99
        with pytest.raises(NotReached):
            await client.verify("000190000001", {"name": "A"}, WHY)


@pytest.mark.asyncio(loop_scope="session")
async def test_the_doctor_says_what_to_mend(site: Site, tmp_path: Path) -> None:
    program = await site.program("Bộ Cần Chữa", live=False)
    site.forget()
    other = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "other.pem").write_bytes(
        other.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    wrong_pair = Doctor(replace(program.config, key=tmp_path / "other.pem"), Context("identity_check", "26/2023/QH15", "x", "y"), lang="en")
    steps = wrong_pair.run()
    assert steps[0].state == "fail" and "pair" in steps[0].said and all(step.state == "skip" for step in steps[1:])
    assert replace(wrong_pair, lang="vi", steps=[]).run()[0].said == "khóa và chứng thư không phải một cặp"
    (tmp_path / "not.pem").write_text("no certificate")
    for change in ({"ca": tmp_path / "nothing.pem"}, {"ca": tmp_path / "not.pem"}, {"log": tmp_path / "nowhere" / "calls.ndjson"}):
        (first, *_) = Doctor(replace(program.config, **change), WHY).run()
        assert first.state == "fail" and str(next(iter(change.values()))) in first.said and first.mend, first
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(404, json={}))) as http:
        elsewhere = Doctor(program.config, WHY, http=http).run()
    assert [(step.name, step.state) for step in elsewhere][:2] == [("config", "ok"), ("clock", "fail")]


@pytest.mark.parametrize(("options", "post", "said"), [
    ((200, "dancu.example"), 401, ""), ((200, "*"), 403, ""), ((200, ""), 401, "agree"), ((404, "*"), 401, "agree"), ((200, "elsewhere.example"), 401, "agree"),
    ((200, "*"), 204, "nobody signed"), ((200, "*"), 404, "404"), ((200, "*"), 500, "500"),
])  # fmt: skip
def test_the_doctor_looks_at_the_webhook_as_the_platform_will(monkeypatch: pytest.MonkeyPatch, options: tuple[int, str], post: int, said: str) -> None:
    def hook(request: httpx.Request) -> httpx.Response:
        if request.method == "OPTIONS":
            assert request.headers["webhook-request-origin"] == "dancu.example"
            return httpx.Response(options[0], headers={"WebHook-Allowed-Origin": options[1]})
        return httpx.Response(post)

    made = httpx.Client
    monkeypatch.setattr(httpx, "Client", lambda **options: made(transport=httpx.MockTransport(hook)))
    doctor = Doctor(Config("https://dancu.example", "x", Path("k"), Path("c"), webhook="https://me.example/hook"), WHY, lang="en")
    sound = doctor._step("webhook", doctor._webhook)
    (step,) = doctor.steps
    assert sound is (said == "") and said in step.said and bool(step.mend) is bool(said), step


@pytest.mark.parametrize(("code", "state", "mend"), [
    ("agreement.none", "fail", "--service"), ("agreement.expired", "fail", "new version"), ("agreement.hours", "fail", "hours"),
    ("agreement.field", "fail", "fields"), ("agreement.purpose", "fail", "--purpose"), ("exchange.quota", "fail", "midnight"),
    ("exchange.held", "fail", "alert"), ("exchange.suspended", "fail", "portal"), ("exchange.consent", "warn", "consented"), ("verify.value", "fail", "guide"),
])  # fmt: skip
def test_the_doctor_knows_what_mends_each_refusal(code: str, state: str, mend: str) -> None:
    doctor = Doctor(Config("https://dancu.example", "x", Path("k"), Path("c")), WHY, lang="en")
    doctor._refusal = CallRefused(403, {"code": code, "detail": "why"})
    for name, work in (("agreement", doctor._agreement), ("call", doctor._called)):
        if not doctor._step(name, work):
            break
    last = doctor.steps[-1]
    assert last.state == state and mend in last.mend and code in last.said, last
    assert doctor.sound is (state == "warn"), "want of consent is no fault of the connection"


class Broken(httpx.BaseTransport):
    """The platform's keys and tokens, and then answers that it did not sign."""

    def __init__(self, keys: AnswerKeys, status: int) -> None:
        self.keys, self.status = keys, status

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/exchange/jwks":
            return httpx.Response(200, json=self.keys.jwks())
        if request.url.path == "/oidc/token":
            return httpx.Response(200, json={"access_token": "a." + signing.b64u(b'{"cnf":{"jkt":"x"}}') + ".c", "expires_in": 300})
        return httpx.Response(self.status, json={"code": "page.not_found"})


def own_pair(folder: Path, *, days: int) -> Config:
    """A key and a certificate of nobody's that ends in `days`."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "x")])
    begins, ends = datetime.now(UTC) - timedelta(days=9), datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, begins, ends).sign(key, hashes.SHA256())
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return Config("http://dancu.example", "x", folder / "key.pem", folder / "cert.pem", attempts=1)


@pytest.mark.parametrize(("days", "skew", "token", "step", "mend"), [
    (-1, 0, "", "config", "partner portal"), (90, 45, "", "clock", "chrony"), (90, -45, "", "clock", "chrony"),
    (90, 0, "aud is not this issuer", "token", "Host"), (90, 0, "client authentication failed", "token", "certificate"),
])  # fmt: skip
def test_the_doctor_knows_clocks_ends_and_addresses(tmp_path: Path, days: int, skew: int, token: str, step: str, mend: str) -> None:
    config, keys = own_pair(tmp_path, days=days), AnswerKeys(tmp_path / "keys")

    def platform(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oidc/token":
            return httpx.Response(401, json={"error": "invalid_client", "error_description": f"client assertion: {token}"})
        return httpx.Response(200, json=keys.jwks(), headers={"date": format_datetime(datetime.now(UTC) + timedelta(seconds=skew), usegmt=True)})

    with httpx.Client(transport=httpx.MockTransport(platform)) as http:
        told = Doctor(config, WHY, http=http, lang="en").run()
    failed = next(one for one in told if one.state == "fail")
    assert failed.name == step and mend in failed.mend, failed
    assert all(one.state == "skip" for one in told[told.index(failed) + 1 :])


@pytest.mark.parametrize(("bound", "error", "detail", "said", "mend"), [
    ("dpop", "invalid_client", "client assertion: client authentication failed", "không có chương trình nào", "cổng đối tác"),
    ("dpop", "invalid_client", "client assertion: no registered key fits", "không phải của chương trình", "cổng đối tác"),
    ("dpop", "invalid_client", "client assertion: aud is not this issuer", "không tự xưng", "Host"),
    ("mtls", "invalid_client", "client assertion: aud is not this issuer", "không tự xưng", "issuer"),
    ("dpop", "invalid_client", "client assertion: expired", "quá cũ", "60 giây"),
    ("mtls", "invalid_dpop_proof", "this client must send a DPoP proof", "gắn với khóa", '"dpop"'),
    ("dpop", "invalid_request", "this client must use its certificate", "không thấy chứng thư", '"mtls"'),
    ("mtls", "invalid_request", "this client must use its certificate", "không thấy chứng thư", "Client-Cert"),
    ("dpop", "invalid_scope", "scope is not registered for this client", "chưa đăng ký", "exchange"),
    ("dpop", "something_new", "", "không cấp mã truy cập", "lời báo"),
])  # fmt: skip
def test_a_refused_token_is_told_in_the_asked_language_beside_the_codes_of_the_standard(
    tmp_path: Path, bound: str, error: str, detail: str, said: str, mend: str
) -> None:
    config, keys = replace(own_pair(tmp_path, days=90), bound=bound), AnswerKeys(tmp_path / "keys")

    def platform(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oidc/token":
            return httpx.Response(401, json={"error": error, "error_description": detail})
        return httpx.Response(200, json=keys.jwks(), headers={"date": format_datetime(datetime.now(UTC), usegmt=True)})

    with httpx.Client(transport=httpx.MockTransport(platform)) as http:
        failed = next(one for one in Doctor(config, WHY, http=http).run() if one.state == "fail")
    assert failed.name == "token" and said in failed.said.partition(" (")[0] and f"{error}: {detail}" in failed.said and mend in failed.mend, failed


@pytest.mark.parametrize(("error", "said", "mend"), [
    (ConnectionRefusedError(111, "Connection refused"), "nobody listens", "port"),
    (httpx.ConnectError("[Errno 111] Connection refused"), "nobody listens", "port"),
    (TimeoutError("timed out"), "no answer in time", "firewall"), (httpx.ReadTimeout(""), "no answer in time", "firewall"),
    (httpx.ReadError("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert certificate required"), "saw no certificate", "mtls"),
    (ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired"), "has expired", "partner portal"),
    (ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_REVOKED] sslv3 alert certificate revoked"), "is revoked", "partner portal"),
    (ssl.SSLError(1, "[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca"), "who issued", "trust"), (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER]"), "speak TLS", "https"), (OSError("odd"), "odd", "firewall"),
])  # fmt: skip
def test_the_doctor_knows_why_nobody_answers(tmp_path: Path, error: Exception, said: str, mend: str) -> None:
    def platform(request: httpx.Request) -> httpx.Response:
        raise error

    with httpx.Client(transport=httpx.MockTransport(platform)) as http:
        failed = next(one for one in Doctor(own_pair(tmp_path, days=90), WHY, http=http, lang="en").run() if one.state == "fail")
    assert failed.name == "clock" and said in failed.said and mend in failed.mend, failed


@pytest.mark.parametrize(("status", "mend"), [(503, "wait a minute"), (502, "wait a minute"), (404, "base_url")])
def test_a_platform_that_is_down_is_not_a_wrong_address(tmp_path: Path, status: int, mend: str) -> None:
    with httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(status))) as http:
        failed = next(one for one in Doctor(own_pair(tmp_path, days=90), WHY, http=http, lang="en").run() if one.state == "fail")
    assert failed.name == "clock" and mend in failed.mend, failed


@pytest.mark.parametrize(("status", "error"), [(404, NotReached), (405, NotReached), (413, NotReached), (403, NotGenuine), (200, NotGenuine)])
def test_what_the_platform_did_not_sign_is_no_answer_and_a_wrong_path_is_told_as_one(tmp_path: Path, status: int, error: type[Exception]) -> None:
    config = own_pair(tmp_path, days=90)
    with httpx.Client(transport=Broken(AnswerKeys(tmp_path / "keys"), status)) as http:
        with pytest.raises(error):
            Client(config, http).call("nothing", {}, WHY)
        told = Doctor(config, WHY, http=http).run()
    assert next(step.name for step in told if step.state == "fail") == "signature", told


def test_webhooks_are_believed_only_from_the_platform(tmp_path: Path) -> None:
    keys, stranger, url = AnswerKeys(tmp_path / "ours"), AnswerKeys(tmp_path / "theirs"), "https://partner.example/hook"
    http = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, json=keys.jwks())))
    verifier, body = WebhookVerifier("https://dancu.example", url, http), b'{"id":"1"}'
    good = keys.sign_request("POST", url, "application/cloudevents+json", body)
    verifier.check(good, body)
    for headers, content in (
        (good, body),  # again
        (keys.sign_request("POST", url, "application/cloudevents+json", body), b'{"id":"2"}'),
        (keys.sign_request("POST", "https://elsewhere.example/hook", "application/cloudevents+json", body), body),
        (stranger.sign_request("POST", url, "application/cloudevents+json", body), body),
        ({}, body),
        ({**keys.sign_request("POST", url, "application/cloudevents+json", body), "content-type": "text/plain"}, body),
    ):
        with pytest.raises(NotGenuine):
            verifier.check(headers, content)


EXAMPLES = Path(__file__).parents[2] / "docs" / "exchange.md"
RUN = {"call.py": [sys.executable, "call.py"], "call.sh": ["sh", "call.sh"], "call.mjs": ["node", "call.mjs"], "Call.java": ["java", "Call.java"]}


def example(name: str, guide: Path = EXAMPLES) -> str:
    """The code of the guide's block whose first line names this file."""
    text = guide.read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```\w+\n(.*?)^ *```", text, re.S | re.M)
    (found,) = [block for block in blocks if block.lstrip().startswith((f"# file: {name}", f"// file: {name}"))]
    return textwrap.dedent(found)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", RUN)
def test_examples_of_the_guide_work_as_copied(demo: tuple[str, Path], tmp_path: Path, name: str) -> None:
    if shutil.which(RUN[name][0]) is None:
        pytest.skip(f"needs {RUN[name][0]}")
    url, data = demo
    key = ec.generate_private_key(ec.SECP256R1())
    for form, file in ((serialization.PrivateFormat.TraditionalOpenSSL, "key.pem"), (serialization.PrivateFormat.PKCS8, "key.p8.pem")):
        (tmp_path / file).write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    (tmp_path / "csr.pem").write_bytes(csr_of(key))
    csr = str(tmp_path / "csr.pem")
    added = dancu(data, "partner", "add", "--name", "Cơ Quan Thử", "--system", name, "--csr", csr, "--sandbox", "--url", url, "--json")
    (tmp_path / "cert.pem").write_text(added["certificate"])
    (tmp_path / "dancu.toml").write_text(f'base_url = "{url}"\nclient_id = "{added["client_id"]}"\nkey = "key.pem"\ncertificate = "cert.pem"\n')
    (tmp_path / name).write_text(example(name), encoding="utf-8")
    env = {**os.environ, "DANCU_URL": url, "DANCU_CLIENT_ID": added["client_id"], "PYTHONPATH": str(EXAMPLES.parents[1] / "src"), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(RUN[name], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    if name == "call.py":
        assert "{'name': 'yes', 'birth': 'close'}" in done.stdout
        assert example(name, EXAMPLES.parents[1] / "client" / "README.md") == example(name), "the package's own page shows the same"
    else:
        assert json.loads(done.stdout).get("fields") == {"name": "yes"}, done.stdout
