"""A visit to a counter: the card names the person, the registry fills the form, devices take what the rule asks for, the
citizen confirms. Deciding is `visit_decision`.

    opened = await visit.begin(conn, actor, office_id, text_of_the_card)
    await visit.capture(conn, actor, opened.visit_id, "portrait", image)
    await visit.state(conn, actor, opened.visit_id, Stated(phone), documents=["health_insurance"])
    await visit.confirm(conn, actor, opened.visit_id, "screen")
"""

from dancu.accounts.models.level2 import Stated
from dancu.accounts.service.visit.capturing import SAMPLE, capture, captured, check_portrait, has_reference
from dancu.accounts.service.visit.common import (
    CHIP,
    ENROL,
    cards,
    own_visit,
    purpose,
    recorded,
    rule_in_force,
    working_visit,
)
from dancu.accounts.service.visit.opening import begin
from dancu.accounts.service.visit.reading import VisitPage, awaits, missing, page, phone_mended, reached, waiting
from dancu.accounts.service.visit.stating import abandon, confirm, form_digest, state, stated_of

__all__ = [
    "CHIP", "ENROL", "SAMPLE", "Stated", "VisitPage", "abandon", "awaits", "begin", "capture", "captured", "cards", "check_portrait", "confirm",
    "form_digest", "has_reference", "missing", "own_visit", "page", "phone_mended", "purpose", "reached", "recorded", "rule_in_force", "state", "stated_of",
    "waiting", "working_visit",
]  # fmt: skip
