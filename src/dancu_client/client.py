"""The two clients: one that waits, one for asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

import httpx

from dancu_client import proofs
from dancu_client.calls import Answer, Context, Core, pause
from dancu_client.config import Config
from dancu_client.errors import AnswerLost, NotGenuine, NotReached
from dancu_client.proofs import Proved

PROOF_SECONDS = 10.0
_FAILURES = (httpx.HTTPError, OSError)  # some failures of TLS come as they are


def _verify(number: str, fields: Mapping[str, str]) -> dict[str, Any]:
    return {"number": number, "fields": dict(fields)}


def _lookup(fields: Sequence[str], number: str, name: str, birth: str, place: str) -> dict[str, Any]:
    by = {"number": number} if number else {"name": name, "birth": birth, **({"place": place} if place else {})}
    return {**by, "fields": list(fields)}


class Client:
    """`http`: an httpx.Client of your own (proxies, tests); it is not closed."""

    def __init__(self, config: Config, http: httpx.Client | None = None) -> None:
        self._own = http is None
        self._http = http or httpx.Client(timeout=config.timeout, **config.tls())
        self.config, self.core = config, Core(config, self._http)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._own:
            self._http.close()

    def verify(self, number: str, fields: Mapping[str, str], context: Context) -> Answer:
        """yes, no, close or unknown for each field: `answer.body["fields"]`. Raises CallRefused, NotReached, NotGenuine."""
        return self._read("verify", _verify(number, fields), context)

    def lookup(
        self, fields: Sequence[str], context: Context, *, number: str = "", name: str = "", birth: str = "", place: str = ""
    ) -> Answer:
        """Fields of one person, by number or by name and birth (and place): `answer.body["person"]`."""
        return self._read("lookup", _lookup(fields, number, name, birth, place), context)

    def disagreements(self, ids: Sequence[str], context: Context, *, service: str = "residence") -> Answer:
        """What became of disagreements that calls of this service ("residence", "supply") filed, by the ids their answers gave:
        `answer.body["disagreements"]`, with state, time limits and the desk's answer."""
        return self._read(f"{service}/disagreements", {"disagreements": list(ids)}, context)

    def call(self, service: str, members: Mapping[str, Any], context: Context, *, path: str = "", message_id: str = "") -> Answer:
        """Any data service, by its name or path ("supply", "events/subscribe"). A call is tried again after network failures under the same message id, so it takes effect once at
        most; AnswerLost says that it did and that the answer was lost."""
        asking = self.core.asking(service, members, context, path=path, message_id=message_id)
        while True:
            self._prepare()
            try:
                response = self._http.send(self.core.request(asking))
            except _FAILURES as error:
                self.core.failed(asking, error)
                time.sleep(pause(asking.attempts))
                continue
            if (answer := self.core.take(asking, response)) is not None:
                return answer
            if response.status_code == 503:
                time.sleep(pause(asking.attempts))

    def _read(self, service: str, members: Mapping[str, Any], context: Context) -> Answer:
        """A question may be asked again where its answer was lost."""
        try:
            return self.call(service, members, context)
        except AnswerLost:
            return self.call(service, members, context)

    def proof(self, answer: Answer, *, seconds: float = PROOF_SECONDS) -> list[Proved]:
        """The evidence entries of an answer, each proved to stand in the signed log. Raises NotGenuine, NotReached."""
        found, vkey = [], self.vkey()
        until = time.monotonic() + seconds
        for entry in answer.receipt["entries"]:
            while True:
                response = self._get(str(entry["proof_url"]))
                if response.status_code == 200:
                    found.append(proofs.check(response.json(), vkey, entry["record_hash"], answer.message_id))
                    break
                if time.monotonic() > until:
                    raise NotReached("no proof within {seconds} seconds", seconds=seconds)
                time.sleep(0.2)
        return found

    def vkey(self) -> str:
        """Public key of the log: from the configuration, else as the platform says it."""
        return self.config.vkey or self._get(self.core.url("/log/vkey")).text

    def prepare(self) -> None:
        """Get token and keys now, so that the first call does not wait for them."""
        self._prepare()

    def _prepare(self) -> None:
        if time.time() > self.core.keys_until:
            self.core.take_keys(self._get(self.core.url("/exchange/jwks")))
        for _ in range(2):
            if self.core.token and time.time() < self.core.token_until:
                return
            try:
                response = self._http.send(self.core.token_request())
            except _FAILURES as error:
                raise NotReached("token: {error}", error=error) from error
            if self.core.take_token(response):
                return
        raise NotReached("the token endpoint wants one nonce after the other")

    def _get(self, url: str) -> httpx.Response:
        if not (here := self.config.here(url)):
            raise NotGenuine("an address of somebody else")
        try:
            return self._http.get(here)
        except _FAILURES as error:
            raise NotReached("{error}", error=error) from error


class AsyncClient:
    """The same for asyncio. `http`: an httpx.AsyncClient of your own; it is not closed."""

    def __init__(self, config: Config, http: httpx.AsyncClient | None = None) -> None:
        self._own = http is None
        self._http = http or httpx.AsyncClient(timeout=config.timeout, **config.tls())
        self.config, self.core = config, Core(config, self._http)
        self._preparing = asyncio.Lock()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._own:
            await self._http.aclose()

    async def verify(self, number: str, fields: Mapping[str, str], context: Context) -> Answer:
        """See Client.verify."""
        return await self._read("verify", _verify(number, fields), context)

    async def lookup(
        self, fields: Sequence[str], context: Context, *, number: str = "", name: str = "", birth: str = "", place: str = ""
    ) -> Answer:
        """See Client.lookup."""
        return await self._read("lookup", _lookup(fields, number, name, birth, place), context)

    async def disagreements(self, ids: Sequence[str], context: Context, *, service: str = "residence") -> Answer:
        """See Client.disagreements."""
        return await self._read(f"{service}/disagreements", {"disagreements": list(ids)}, context)

    async def call(self, service: str, members: Mapping[str, Any], context: Context, *, path: str = "", message_id: str = "") -> Answer:
        """See Client.call."""
        asking = self.core.asking(service, members, context, path=path, message_id=message_id)
        while True:
            await self._prepare()
            try:
                response = await self._http.send(self.core.request(asking))
            except _FAILURES as error:
                self.core.failed(asking, error)
                await asyncio.sleep(pause(asking.attempts))
                continue
            if (answer := self.core.take(asking, response)) is not None:
                return answer
            if response.status_code == 503:
                await asyncio.sleep(pause(asking.attempts))

    async def _read(self, service: str, members: Mapping[str, Any], context: Context) -> Answer:
        try:
            return await self.call(service, members, context)
        except AnswerLost:
            return await self.call(service, members, context)

    async def proof(self, answer: Answer, *, seconds: float = PROOF_SECONDS) -> list[Proved]:
        """See Client.proof."""
        found, vkey = [], await self.vkey()
        until = time.monotonic() + seconds
        for entry in answer.receipt["entries"]:
            while True:
                response = await self._get(str(entry["proof_url"]))
                if response.status_code == 200:
                    found.append(proofs.check(response.json(), vkey, entry["record_hash"], answer.message_id))
                    break
                if time.monotonic() > until:
                    raise NotReached("no proof within {seconds} seconds", seconds=seconds)
                await asyncio.sleep(0.2)
        return found

    async def vkey(self) -> str:
        """See Client.vkey."""
        return self.config.vkey or (await self._get(self.core.url("/log/vkey"))).text

    async def _prepare(self) -> None:
        async with self._preparing:
            if time.time() > self.core.keys_until:
                self.core.take_keys(await self._get(self.core.url("/exchange/jwks")))
            for _ in range(2):
                if self.core.token and time.time() < self.core.token_until:
                    return
                try:
                    response = await self._http.send(self.core.token_request())
                except _FAILURES as error:
                    raise NotReached("token: {error}", error=error) from error
                if self.core.take_token(response):
                    return
            raise NotReached("the token endpoint wants one nonce after the other")

    async def _get(self, url: str) -> httpx.Response:
        if not (here := self.config.here(url)):
            raise NotGenuine("an address of somebody else")
        try:
            return await self._http.get(here)
        except _FAILURES as error:
            raise NotReached("{error}", error=error) from error
