"""Where an authorization request stands: must the citizen sign in, be asked, be told no, or go back with a code?"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import NamedTuple

from dancu.accounts.models import ACR, SignIn
from dancu.oidc.models import AuthRequest
from dancu.oidc.service.consent import Terms, asked
from dancu.oidc.service.errors import OAuthError
from dancu.oidc.service.parsing.authorize import essential_acr

_NUMBER = {name: number for number, name in ACR.items()}


class Step(StrEnum):
    SIGN_IN = "sign_in"
    LEVEL = "level"
    CONSENT = "consent"
    CODE = "code"


class Stand(NamedTuple):
    """What is next. SIGN_IN: with at least `acr`, `fresh` where an earlier sign-in does not do. LEVEL: the account is of too
    low a level for the service. CONSENT: to be asked for `groups`."""

    step: Step
    acr: int = 1
    fresh: bool = False
    groups: tuple[str, ...] = ()


def stand(
    request: AuthRequest, sign_in: SignIn | None, terms: Terms, given: frozenset[str] | None, *, was_asked: bool,
    expected: bool = True, now: float | None = None,
) -> Stand:  # fmt: skip
    """Pure. `expected`: whoever is signed in is whom the client believes to be there. `given`: groups already agreed to, None never; `was_asked`: they have just been sent to sign in, so what is
    only a wish is not asked for twice. Raises OAuthError where the request says nobody may be asked (prompt none), or
    demands what this citizen cannot give."""
    now = time.time() if now is None else now
    need = sign_in_needed(request, sign_in, was_asked=was_asked, now=now)
    if need is None and not expected:
        if was_asked:
            raise OAuthError("login_required", "somebody else is signed in")
        need = Stand(Step.SIGN_IN, fresh=True)
    if need is not None:
        if "none" in request.prompt:
            raise OAuthError("login_required", "nobody is signed in well enough")
        return need
    assert sign_in is not None
    if sign_in.level < terms.level_min:
        if "none" in request.prompt:
            raise OAuthError("interaction_required", "the account is of too low a level")
        return Stand(Step.LEVEL)
    wanted = tuple(filter(terms.groups.__contains__, asked(request)))
    if consent_needed(request, terms, wanted, given):
        if "none" in request.prompt:
            raise OAuthError("consent_required", "the citizen has not agreed yet")
        return Stand(Step.CONSENT, groups=wanted)
    return Stand(Step.CODE)


def sign_in_needed(request: AuthRequest, sign_in: SignIn | None, *, was_asked: bool, now: float) -> Stand | None:
    """A sign-in to ask for; None when the present one does. Raises OAuthError unmet_authentication_requirements for
    what is demanded, was asked for, and did not come."""
    demanded, acr = least_acr(request)
    if sign_in is None:
        return Stand(Step.SIGN_IN, acr, "login" in request.prompt)
    if _stale(request, sign_in.at.timestamp(), was_asked=was_asked, now=now):
        return Stand(Step.SIGN_IN, acr, True)
    if sign_in.acr < acr:
        if not was_asked:
            return Stand(Step.SIGN_IN, acr, False)
        if demanded:
            raise OAuthError("unmet_authentication_requirements", "the sign-in is weaker than demanded")
    return None


def _stale(request: AuthRequest, at: float, *, was_asked: bool, now: float) -> bool:
    """Must they sign in anew? Whoever comes with a request does, however short ago they signed in, where it says `login`; who was sent
    to sign in has done it when the sign-in is another than the one before, and not older than the request."""
    if was_asked and at > request.after and at >= request.at - 1:
        return False
    if "login" in request.prompt or "select_account" in request.prompt:
        return True
    return request.max_age is not None and now - at > request.max_age


def least_acr(request: AuthRequest) -> tuple[int, int]:
    """(the lowest level that is demanded, 0 for none; the level to sign in with). Raises OAuthError
    unmet_authentication_requirements where only levels that do not exist are demanded."""
    wished = min(map(_NUMBER.__getitem__, request.acr_values), default=1)
    if not request.claims:
        return 0, wished
    essential = essential_acr(request)
    demanded = min((_NUMBER[value] for value in essential if value in _NUMBER), default=0)
    if essential and not demanded:
        raise OAuthError("unmet_authentication_requirements", "the acr demanded does not exist")
    return demanded, demanded or wished


def stated(request: AuthRequest, sign_in: SignIn) -> SignIn:
    """The sign-in as this client hears of it: where it demands certain levels, the highest of them that was reached, since its `acr`
    must be one of those (OIDC Core §5.5.1.1)."""
    if not request.claims:
        return sign_in
    reached = [number for value in essential_acr(request) if (number := _NUMBER.get(value, 9)) <= sign_in.acr]
    return sign_in._replace(acr=max(reached)) if reached else sign_in


def consent_needed(request: AuthRequest, terms: Terms, wanted: tuple[str, ...], given: frozenset[str] | None) -> bool:
    if "consent" in request.prompt or request.details or terms.trial:
        return True
    return terms.consent_needed and not (given or frozenset()).issuperset(wanted)
