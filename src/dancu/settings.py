"""What a deployment may set, all by environment variables `DANCU_*`. One frozen group; the demo needs none of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dancu.kit.db import data_dir
from dancu.kit.limits import Rate
from dancu.kit.web.settings import WebSettings

if TYPE_CHECKING:
    from dancu.exchange.connectors.client import Lines


class Settings(BaseSettings):
    """`data`: folder of keys, checkpoints, logs and the embedded database. `hosts`: names the service answers to.
    `https`: the outside address is https (cookies Secure, HSTS).
    `public_url`: this service's one address, the issuer of its tokens; without it each name it answers to is one. `metrics_token`: with it /metrics
    is read, without one it is not there. `hotline`: the number of the hotline, told to citizens. `rate_*`: requests a second before 429. `sms_*`: the gateway of text messages and
    the secret its calls and receipts are signed with; `smtp_url`, `mail_from`: mail server and sender; `push_*`: the gateway of notices on
    devices and its secret (kit.messages). `mtls_url`: the address where clients with certificates call, "" for the same as everybody.
    `passkey_attestation`: "none" takes any passkey, else the models (AAGUID) that may be registered, by comma; `passkey_roots`: their makers' certificates (PEM). `outbound`: addresses of others that may be called, by comma (kit.outbound.rules). `log_file`: where the logs go instead of stderr. `demo`: offer demonstration personas; the database must have been made as a demonstration too. `services`: run the demonstration's services of other organisations beside it, `simulators`: its simulated ministries.
    `connectors`: the file that says where ministries' databases are (exchange.connectors.addresses)."""

    model_config = SettingsConfigDict(env_prefix="DANCU_", frozen=True, extra="ignore", env_ignore_empty=True)

    data: Path = Field(default_factory=data_dir)
    hosts: Annotated[tuple[str, ...], NoDecode] = ("localhost", "127.0.0.1", "::1")
    https: bool = False
    public_url: str = ""
    mtls_url: str = ""
    demo: bool = False
    services: bool = False
    simulators: bool = False
    connectors: str = ""
    metrics_token: str = ""
    hotline: str = ""
    trusted_proxies: Annotated[frozenset[str], NoDecode] = frozenset()
    pool_size: int = 8
    rate_per_address: float = 100.0
    rate_per_session: float = 20.0
    sms_url: str = ""
    sms_secret: str = ""
    smtp_url: str = ""
    push_url: str = ""
    push_secret: str = ""
    mail_from: str = "dancu@localhost"
    passkey_attestation: str = "none"
    passkey_roots: Path | None = None
    outbound: str = ""
    log_level: str = "INFO"
    log_file: Path | None = None

    @field_validator("hosts", "trusted_proxies", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """A list in a variable: with commas between, or as JSON."""
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return [part.strip() for part in value.split(",") if part.strip()]

    @property
    def keys(self) -> Path:
        return self.data.absolute() / "keys"

    @property
    def checkpoints(self) -> Path:
        """Where the worker remembers checkpoints outside the database."""
        return self.data.absolute() / "checkpoints"

    def log_stream(self) -> TextIO | None:
        """The log file opened for appending (closed by the end of the process); None: stderr."""
        if self.log_file is None:
            return None
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        return self.log_file.open("a", encoding="utf-8", buffering=1)

    def lines(self) -> Lines:
        """The ways to the ministries that are connected. Raises ValueError where the configuration cannot be read."""
        from dancu.exchange.service import connected

        return connected.lines(self.connectors, self.keys, self.outbound)

    def web(self) -> WebSettings:
        from dancu.kit.keys import secret

        return WebSettings(
            secret=secret(self.keys, "web.key"),
            hosts=self.hosts,
            https=self.https,
            demo=self.demo,
            living_page=self.demo,
            trusted_proxies=self.trusted_proxies,
            metrics_token=self.metrics_token,
            hotline=self.hotline,
            ip_rate=Rate(self.rate_per_address, 3 * self.rate_per_address),
            session_rate=Rate(self.rate_per_session, 3 * self.rate_per_session),
        )
