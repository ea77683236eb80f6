"""An integrator can try each data service with the demonstration's partners, and the law is kept by them too."""

from __future__ import annotations

from datetime import date

from dancu.demo.partner_data import AGREED, MINISTRIES
from dancu.exchange.models.confirmation import ConfirmationKind
from dancu.exchange.service import confirm_call, residence_call
from dancu.sharing.models import FIELDS, SERVICES
from dancu.sharing.models.consent_rules import asked_by_law

WITH_KEYS = [one for one in MINISTRIES if one.folder]


def test_every_data_service_is_agreed_with_somebody_whose_keys_are_there() -> None:
    agreed = {service for one in WITH_KEYS for service in AGREED[one.gets]}
    assert agreed >= SERVICES.keys() - {"registry", "usage"}, "dialects have their own port and no agreement in a demonstration"
    assert all(set(fields) <= FIELDS.keys() for services in AGREED.values() for fields in services.values())


def test_social_insurance_reaches_every_confirmation_and_every_procedure() -> None:
    services = AGREED[next(one for one in WITH_KEYS if one.code == "BHXH").gets]
    for kind in ConfirmationKind:
        assert {"personal_id", "name", "birth", "sex", *confirm_call._FIELDS[kind]} <= set(services["confirm"]), kind
    assert {*residence_call._ALWAYS, *(field for fields in residence_call._NEEDS.values() for field in fields)} <= set(services["residence"])


def test_who_needs_the_citizens_consent_asks_for_it() -> None:
    assert any(one.consent for one in WITH_KEYS)
    for one in WITH_KEYS:
        kind = "enterprise" if one.kind == "enterprise" else "ministry"
        for service, fields in AGREED[one.gets].items():
            asked, _ = asked_by_law(kind, *one.purpose, fields, date(2026, 11, 22))
            assert one.consent or not asked, (one.code, service, asked)
            assert not one.consent or SERVICES[service].asks, (one.code, service)
