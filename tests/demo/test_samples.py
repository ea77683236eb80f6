"""Samples of the demonstration: good portraits, each known again and told from the others, kept with their label."""

from __future__ import annotations

import itertools
import struct
from pathlib import Path
from typing import Any

import pytest

from dancu.cards import service as cards
from dancu.cards.biometrics.engine import cosine, engine
from dancu.cards.rules import match_measure
from dancu.demo import samples
from dancu.kernel.clock import SYSTEM_CLOCK
from tests.population.conftest import app, clerk, office, officers, police, registry  # noqa: F401


@pytest.fixture(autouse=True, scope="module")
async def _let_go() -> Any:
    yield
    await engine().close()


async def test_faces_are_good_known_again_and_told_apart() -> None:
    everybody = [*samples.SAMPLES.values(), samples.STRANGER]
    vectors: dict[tuple[int, int], Any] = {}
    for sample in everybody:
        for again, picture in enumerate((samples.portrait(sample.seed), samples._face(sample))):
            check = await cards.check_portrait(picture)
            assert check.ok, check.problems
            vectors[sample.seed, again] = struct.unpack("<128f", check.embedding)
    threshold = match_measure("face", SYSTEM_CLOCK.today()).threshold
    for one, other in itertools.combinations(vectors, 2):
        assert (cosine(vectors[one], vectors[other]) >= threshold) == (one[0] == other[0]), (one, other)


async def test_references_are_kept_and_labelled(office: Any, app: Any, registry: Any, monkeypatch: Any, tmp_path: Path) -> None:
    for role in ("app", "biometric"):
        monkeypatch.setenv("DANCU_DATABASE_URL" if role == "app" else "DANCU_DATABASE_URL_BIOMETRIC", registry.dsn(role))
    monkeypatch.setenv("DANCU_DATA", str(tmp_path))
    sample = samples.SAMPLES["hoa"]
    key = await office.person(sample.name, number=sample.number)
    await app.commit()
    assert await samples.references() == 1
    assert await samples.references() == 1  # again: replaced, not doubled
    kept = await cards.references(app, key)
    assert [(one.kind, one.position, one.source, one.demo) for one in kept] == [("face", 0, "demo", True), ("finger", 2, "demo", True)]
    assert (await cards.compare_faces(app, key, samples._face(sample))).matched
    assert not (await cards.compare_faces(app, key, samples._face(samples.STRANGER))).matched
    assert (await cards.compare_fingerprints(app, key, samples._finger(sample))).matched
