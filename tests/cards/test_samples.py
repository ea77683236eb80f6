"""Reference samples: kept encrypted under a role of their own, compared one to one, each act on record."""

from __future__ import annotations

import importlib.util
import itertools
import struct
from datetime import date
from typing import Any

import psycopg
import pytest

from dancu.cards import service
from dancu.cards.biometrics.engine import Engine, cosine, engine
from dancu.cards.models import SampleKind, SampleSource
from dancu.cards.rules import MATCHES, match_measure
from dancu.cards.service import samples as module
from dancu.demo.fingerprints import print_of
from dancu.kernel.actor import Purpose
from dancu.kernel.errors import Invalid, NotFound, Unavailable

EID = Purpose("eid_account", "69/2024/NĐ-CP")
SAME = [("person_a_1", "person_a_2"), ("person_b_1", "person_b_2")]
ALL = ["impostor_1", "impostor_2", "person_a_1", "person_a_2", "person_b_1", "person_b_2"]
needs_nbis = pytest.mark.skipif(importlib.util.find_spec("nbis") is None, reason="nbis-py has wheels for x86-64 alone")


@pytest.fixture
async def kept(samples, office, app, police, face) -> int:  # type: ignore[no-untyped-def]
    """A person with a portrait taken for the card, committed."""
    key = await office.person("Lê Thị Bông")
    await service.keep_reference(
        app, police, EID, key, "face", face("person_b_1"), source=SampleSource.CARD, taken_on=date(2022, 4, 5)
    )
    await app.commit()
    return key


async def test_the_same_person_years_later_matches_and_others_do_not(kept, app, police, face):
    match = await service.compare_faces(app, kept, face("person_b_2"), actor=police, purpose=EID)
    assert match.matched
    assert match.score > match.threshold
    assert (match.reference.source, match.reference.taken_on, match.reference.demo) == ("card", date(2022, 4, 5), False)
    for other in ("impostor_1", "impostor_2", "person_a_1", "person_a_2"):
        stranger = await service.compare_faces(app, kept, face(other), actor=police, purpose=EID)
        assert not stranger.matched
        assert stranger.score < stranger.threshold - 0.1


async def test_the_threshold_lies_well_between_same_and_strangers(face):
    vectors = {}
    for name in ALL:
        _, (_, vector) = await engine().ask("face", face(name))
        vectors[name] = struct.unpack("<128f", vector)
    threshold = match_measure("face", date(2026, 11, 22)).threshold
    for one, other in itertools.combinations(ALL, 2):
        score = cosine(vectors[one], vectors[other])
        assert (score >= threshold) == ((one, other) in SAME), (one, other, score)


async def test_a_picture_of_nobody_or_of_two_is_no_reference_and_compares_with_none(kept, app, police, face):
    with pytest.raises(Invalid) as refused:
        await service.compare_faces(app, kept, print_of(1), actor=police, purpose=EID)
    assert refused.value.code == "portrait.no_face"


async def test_without_a_reference_it_says_so(samples, office, app, face):
    key = await office.person("Phạm Văn Không")
    await app.commit()
    assert not await service.has_reference(app, key, "face")
    with pytest.raises(NotFound) as refused:
        await service.compare_faces(app, key, face("person_b_2"))
    assert refused.value.code == "reference.none"


async def test_a_new_sample_retires_the_one_before(kept, app, police, face, admin):
    await service.keep_reference(
        app, police, EID, kept, "portrait", face("impostor_1"), source="counter", taken_on=date(2026, 11, 22)
    )
    await app.commit()
    (now,) = await service.references(app, kept)
    assert (now.kind, now.source, now.taken_on) == (SampleKind.FACE, SampleSource.COUNTER, date(2026, 11, 22))
    assert (await service.compare_faces(app, kept, face("impostor_1"))).score > 0.9
    rows = await (await admin.execute("SELECT count(*), count(retired_at) FROM cards.reference WHERE person_key = %s", (kept,))).fetchone()
    assert rows == (2, 1)


async def test_demo_samples_are_labelled(kept, app, police, face):
    await service.keep_reference(app, police, EID, kept, "face", face("impostor_2"), source="demo", taken_on=date(2026, 1, 1))
    (now,) = await service.references(app, kept)
    assert now.demo


async def test_nothing_of_a_picture_stands_in_the_table(kept, admin):
    image, template, engine_name = await (
        await admin.execute("SELECT image, template, engine FROM cards.reference WHERE person_key = %s", (kept,))
    ).fetchone()
    assert b"JFIF" not in image
    assert engine_name == "sface-2021dec-int8bq"
    # Its own keys, bound to the row: neither the keys of other fields nor another person's row open it.
    from dancu.kit.ring import ring

    with pytest.raises(Unavailable):
        ring().decrypt(image, table="cards.reference", row=kept, column="image.face.0")
    with pytest.raises(Unavailable):
        module._ring().decrypt(image, table="cards.reference", row=kept + 1, column="image.face.0")
    assert module._ring().decrypt(image, table="cards.reference", row=kept, column="image.face.0")[:2] == b"\xff\xd8"
    assert len(module._ring().decrypt(template, table="cards.reference", row=kept, column="template.face.0")) == 512


@pytest.mark.parametrize("role", ["app", "worker", "verify"])
async def test_no_other_login_reads_samples(kept, registry, role):
    async with await psycopg.AsyncConnection.connect(registry.dsn(role), autocommit=True) as conn:
        for statement in (
            "SELECT image FROM cards.reference",
            "SELECT count(*) FROM cards.reference",
            "INSERT INTO cards.reference (person_key, kind) VALUES (1, 'face')",
            "SELECT cards.open_references('system', 0, 'x', 'eid_account', '69/2024/NĐ-CP', NULL, '', 'job', 1, 'face')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await conn.execute(statement)


async def test_the_functions_behind_the_door_cannot_read_samples_either(kept, admin):
    await admin.execute("SET LOCAL ROLE dancu_gate")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await admin.execute("SELECT image FROM cards.reference")


async def test_the_biometric_login_sees_only_whom_it_opened_and_nothing_else(kept, biometric):
    assert await (await biometric.execute("SELECT count(*) FROM cards.reference")).fetchone() == (0,)
    await biometric.execute(
        "SELECT cards.open_references('system', 0, 'x', 'eid_account', '69/2024/NĐ-CP', NULL, '', 'job', %s::bigint, 'face')", (kept,)
    )
    rows = await (await biometric.execute("SELECT DISTINCT person_key FROM cards.reference")).fetchall()
    assert rows == [(kept,)]
    for statement in (
        "SELECT 1 FROM population.person",
        "SELECT 1 FROM cards.card_order",
        "DELETE FROM cards.reference",
        "UPDATE cards.reference SET demo = true",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with biometric.transaction():
                await biometric.execute(statement)


async def test_samples_are_in_no_index_but_their_keys(admin):
    definitions = await (await admin.execute("SELECT indexdef FROM pg_indexes WHERE schemaname = 'cards' AND tablename = 'reference'")).fetchall()
    assert definitions
    assert not any("image" in text or "template" in text for (text,) in definitions)


async def entries(admin: Any, key: int) -> list[tuple[Any, ...]]:
    cursor = await admin.execute(
        "SELECT action, actor_kind, fields, note->>'verb' FROM audit.pending WHERE subject = %s AND note->>'verb' LIKE '%%reference' ORDER BY entry_id",
        (key,),
    )
    return await cursor.fetchall()


async def test_keeping_and_comparing_are_on_record_whatever_becomes_of_the_caller(kept, app, police, face, admin):
    assert await entries(admin, kept) == [("write", "staff", ["face"], "keep_reference")]
    await service.compare_faces(app, kept, face("person_a_1"), actor=police, purpose=EID)
    await app.rollback()
    await admin.commit()
    assert await entries(admin, kept) == [("write", "staff", ["face"], "keep_reference"), ("read", "staff", ["face"], "compare_reference")]


async def test_a_template_of_another_engine_is_made_anew_from_the_picture(kept, app, face, admin):
    async with admin.transaction():
        await admin.execute("UPDATE cards.reference SET engine = 'older', template = image WHERE person_key = %s", (kept,))
    await admin.commit()
    # The template is no vector any more; only the picture can give one.
    assert (await service.compare_faces(app, kept, face("person_b_2"))).matched


@needs_nbis
async def test_prints_of_one_finger_match_and_others_do_not(samples, office, app, police):
    key = await office.person("Ngô Văn Tay")
    await service.keep_reference(app, police, EID, key, "finger", print_of(3), source="card", taken_on=date(2022, 4, 5))
    await service.keep_reference(app, police, EID, key, "fingerprint", print_of(4), source="card", taken_on=date(2022, 4, 5), position=7)
    await app.commit()
    again = await service.compare_fingerprints(app, key, print_of(3, turned=10, shifted=(15, -10), noise=20))
    assert (again.matched, again.reference.position) == (True, 2)
    other_hand = await service.compare_fingerprints(app, key, print_of(4, turned=-8, noise=20))
    assert (other_hand.matched, other_hand.reference.position) == (True, 7)
    wrong_finger = await service.compare_fingerprints(app, key, print_of(4), position=2)
    assert not wrong_finger.matched
    assert not (await service.compare_fingerprints(app, key, print_of(9))).matched


@needs_nbis
async def test_a_smudge_is_no_print(samples, office, app, police):
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("L", (400, 480), 200).save(out, "PNG")
    key = await office.person("Ngô Văn Mờ")
    with pytest.raises(Invalid) as refused:
        await service.keep_reference(app, police, EID, key, "finger", out.getvalue(), source="card", taken_on=date(2022, 4, 5))
    assert refused.value.code in ("finger.quality", "image.finger")


async def test_where_the_matcher_is_missing_it_says_so(monkeypatch):
    from dancu.cards.biometrics import child, wire
    from dancu.cards.biometrics.engine import _read

    def missing(_: bytes) -> None:
        raise ModuleNotFoundError(name="nbis")

    monkeypatch.setattr(child.fingers, "template", missing)
    said = child.answer({"do": "finger"}, [b"x"])
    with pytest.raises(Unavailable) as refused:
        _read(said[wire.HEAD :])
    assert refused.value.code == "biometrics.missing"


def test_thresholds_hold_one_at_a_time():
    for kind in SampleKind:
        rules = sorted((rule for rule in MATCHES if rule.kind == kind), key=lambda rule: rule.valid_from)
        assert rules[-1].valid_to is None
        assert all(one.valid_to == following.valid_from for one, following in itertools.pairwise(rules))
    with pytest.raises(Unavailable):
        match_measure("face", date(2000, 1, 1))


async def test_engines_are_one_per_loop():
    assert engine() is engine()
    assert isinstance(engine(), Engine)
