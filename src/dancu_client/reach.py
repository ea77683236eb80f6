"""Is the platform reached: name, TLS, clock. Each says what it found, or raises `Wrong`."""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

import httpx

from dancu_client import advice
from dancu_client.advice import Wrong
from dancu_client.config import Config

_SKEW_SECONDS = 30
# A sentence of `words` and its values.
Found = tuple[str, dict[str, Any]]


def name(config: Config) -> Found:
    """The addresses behind base_url's name."""
    host, port = _place(config)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Wrong("no address is known for {host} ({error})", "Check base_url and this machine's name server.", host=host, error=error) from error
    return "{addresses}", {"addresses": ", ".join(sorted({str(one[4][0]) for one in found}))}


def tls(config: Config) -> Found:
    """The platform's certificate is trusted; with `bound = "mtls"` ours was shown."""
    host, port = _place(config)
    try:
        with socket.create_connection((host, port), timeout=config.timeout) as plain:
            if urlsplit(config.base_url).scheme == "http":
                raise Wrong("plain http", "Only for trials on one machine: use https everywhere else.", "warn")
            with config.tls()["verify"].wrap_socket(plain, server_hostname=host) as wrapped:
                shown = "{version}, certificate trusted, ours shown" if config.bound == "mtls" else "{version}, certificate trusted"
                return shown, {"version": wrapped.version()}
    except ssl.SSLCertVerificationError as error:
        raise advice.of_trust(error) from error
    except OSError as error:  # ssl.SSLError is one
        raise advice.of_network(error, 'Check the firewall, the port, and for bound = "mtls" the client certificate.') from error


def clock(http: httpx.Client, url: str) -> Found:
    """The platform answers at `url`, and its clock is ours."""
    try:
        began = time.time()
        response = http.get(url)
        took = time.time() - began
    except (httpx.HTTPError, OSError) as error:
        raise advice.of_network(error) from error
    if response.status_code in (429, 502, 503, 504):
        raise Wrong("HTTP {status}", "The platform is not available now, or a proxy does not reach it: wait a minute, then tell its operator.", status=response.status_code)
    if response.status_code != 200:
        raise Wrong("HTTP {status}", "This address is not the platform's: check base_url.", status=response.status_code)
    try:
        stated = email.utils.parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return "the platform states no time; a call will tell", {}
    skew = stated.timestamp() + 0.5 - (began + took / 2)
    if abs(skew) > _SKEW_SECONDS:
        mend = "Synchronise it (chrony, systemd-timesyncd): signatures hold 60 s."
        raise Wrong("this machine's clock is {seconds} s off", mend, seconds=f"{-skew:.0f}")
    return "{seconds} s apart", {"seconds": f"{abs(skew):.1f}"}


def _place(config: Config) -> tuple[str, int]:
    parts = urlsplit(config.base_url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
