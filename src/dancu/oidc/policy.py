"""What the provider allows, as data: lifetimes, algorithms, scopes and the groups of claims they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

# Seconds. Access tokens are JWTs nobody can call back: five minutes at most.
# A pushed request lives as long as the sign-in form it leads to, so that the page can be loaded again; FAPI 2.0 §5.3.2.2 allows less
# than ten minutes.
PUSHED_SECONDS = 590
FLOW_SECONDS = 15 * 60
CODE_SECONDS = 60
ACCESS_SECONDS = 300
ID_TOKEN_SECONDS = 300
ASSERTION_SECONDS = 300
REQUEST_OBJECT_SECONDS = 3600
PROOF_SECONDS = 60
GRACE_SECONDS = 15
REFRESH_SECONDS = 90 * 24 * 3600
NONCE_SECONDS = 120
DEVICE_SECONDS = 600
CIBA_SECONDS, CIBA_LONGEST_SECONDS = 300, 600
POLL_SECONDS = 5

# What a client may sign with. RS256 only where the profile is not FAPI 2.0 (§5.4).
FAPI_ALGS = frozenset({"ES256", "PS256", "EdDSA", "Ed25519"})
LEGACY_ALGS = FAPI_ALGS | {"ES384", "RS256"}

# Claim groups as agreements and consents name them -> the claims of each, and the registry's fields they are made of.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "family_name", "middle_name", "given_name"),
    "birthdate": ("birthdate",),
    "gender": ("gender",),
    "personal_id": ("personal_id",),
    "address": ("address",),
    "nationality": ("nationality",),
    "phone": ("phone_number", "phone_number_verified"),
    "email": ("email", "email_verified"),
    "organisations": ("organisations",),
}
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "birthdate": ("birth",),
    "gender": ("sex",),
    "personal_id": ("number",),
    "address": ("residence",),
    "nationality": ("traits",),
    "phone": ("contacts",),
    "email": ("contacts",),
    "organisations": ("mandate",),
}
SCOPES: Mapping[str, tuple[str, ...]] = {
    "openid": (),
    "offline_access": (),
    "profile": ("name", "birthdate", "gender"),
    "personal_id": ("personal_id",),
    "address": ("address",),
    "nationality": ("nationality",),
    "phone": ("phone",),
    "email": ("email",),
    "organisations": ("organisations",),
}
GROUP_OF: Mapping[str, str] = {claim: group for group, claims in GROUPS.items() for claim in claims}
GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")
CIBA_GRANT = "urn:openid:params:grant-type:ciba"


@lru_cache(512)
def groups_of_scopes(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The claim groups behind these scopes, each once, in the order of GROUPS."""
    wanted = {group for scope in scopes for group in SCOPES.get(scope, ())}
    return tuple(group for group in GROUPS if group in wanted)


@lru_cache(512)
def claims_of_groups(groups: tuple[str, ...]) -> frozenset[str]:
    return frozenset(claim for group in groups for claim in GROUPS[group])


def groups_of_claims(claims: Iterable[str]) -> tuple[str, ...]:
    """The groups to which claims asked for one by one belong; unknown claims are passed over (OIDC Core §5.5)."""
    wanted = {GROUP_OF[claim] for claim in claims if claim in GROUP_OF}
    return tuple(group for group in GROUPS if group in wanted)
