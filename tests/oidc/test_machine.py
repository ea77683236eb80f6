"""A family of tokens against a model of it: whatever is tried in whatever order, the answers are the model's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.oidc.conftest import Citizen, Make, Service, Site, make_citizen
from tests.oidc.flows import Journey

pytestmark = pytest.mark.asyncio(loop_scope="session")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("redeem")),
        st.tuples(st.just("refresh"), st.integers(0, 3)),
        st.tuples(st.just("wait")),
        st.tuples(st.just("lock")),
        st.tuples(st.just("userinfo")),
        st.tuples(st.just("revoke")),
    ),
    min_size=2, max_size=9,
)  # fmt: skip


@dataclass
class Model:
    """What must be true: `redeemed` once; `generation` of the live refresh token; `graced`: the one before still works."""

    known: bool
    redeemed: bool = False
    ended: bool = False
    locked: bool = False
    generation: int = 0
    graced: bool = False
    refresh: list[str] = field(default_factory=list)
    access: str = ""

    @property
    def alive(self) -> bool:
        return self.redeemed and not self.ended and not self.locked


async def play(site: Site, service: Service, citizen: Citizen, steps: list[tuple[Any, ...]]) -> None:
    journey = Journey(site, service, citizen, scope="openid offline_access")
    code = await journey.code()
    model = Model(known=service.client.auth_method != "none")
    for step in steps:
        match step:
            case ("redeem",):
                answer = await journey.token(code)
                fits = not model.redeemed and not model.locked
                assert (answer.status_code == 200) is fits, (steps, step, answer.text)
                if fits:
                    model.redeemed, model.access = True, answer.json()["access_token"]
                    model.refresh = [answer.json()["refresh_token"]]
                elif model.redeemed and not model.locked:
                    model.ended = True
            case ("refresh", back) if model.refresh:
                generation = max(0, model.generation - back)
                answer = await journey.refresh(model.refresh[generation])
                newest = generation == model.generation
                again = generation == model.generation - 1 and model.graced and model.known
                assert (answer.status_code == 200) is (model.alive and (newest or again)), (steps, step, answer.text)
                if model.alive and newest:
                    model.generation, model.graced = model.generation + 1, True
                    model.refresh.append(answer.json()["refresh_token"])
                    model.access = answer.json()["access_token"]
                elif model.alive and not again:
                    model.ended = True
            case ("wait",):
                await site.sql("UPDATE oidc.family SET rotated_at = rotated_at - interval '1 minute' WHERE person_key = %s", (citizen.key,))
                model.graced = False
            case ("lock",):
                await site.sql("UPDATE accounts.account SET lock_version = lock_version + 1 WHERE person_key = %s", (citizen.key,))
                model.locked = True
            case ("revoke",):
                await site.sql("UPDATE oidc.family SET ended_at = now(), ended_by = 'revoked' WHERE person_key = %s AND ended_at IS NULL", (citizen.key,))
                model.ended = model.ended or model.redeemed
            case ("userinfo",) if model.access:
                answer = await journey.userinfo(model.access)
                assert (answer.status_code == 200) is model.alive, (steps, step, answer.text)


@pytest.mark.parametrize("profile", ["basic", "public"])
async def test_families_do_what_the_model_says(site: Site, registry: Any, make_service: Make, profile: str) -> None:
    service = await make_service(profile)
    loop = asyncio.get_running_loop()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(STEPS)
    def run(steps: list[tuple[Any, ...]]) -> None:
        async def one() -> None:
            await play(site, service, await make_citizen(registry), steps)

        asyncio.run_coroutine_threadsafe(one(), loop).result(30)

    await asyncio.to_thread(run)
