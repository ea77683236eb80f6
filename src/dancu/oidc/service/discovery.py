"""What clients read to find their way: OpenID Connect Discovery 1.0, RFC 8414."""

from __future__ import annotations

from typing import Any

from dancu.accounts.models import ACR
from dancu.oidc.policy import FAPI_ALGS, GROUPS, LEGACY_ALGS, SCOPES
from dancu.oidc.service.grants import HANDLERS
from dancu.oidc.service.keys import ID_TOKEN_ALGS
from dancu.oidc.service.parsing.authorize import RESPONSE_MODES

# Endpoints of the extensions: name of the metadata -> path; listed where the route exists.
EXTENSIONS = {
    "introspection_endpoint": "/oidc/introspect",
    "revocation_endpoint": "/oidc/revoke",
    "end_session_endpoint": "/oidc/logout",
    "device_authorization_endpoint": "/oidc/device_authorization",
    "backchannel_authentication_endpoint": "/oidc/bc-authorize",
}
# Where a client may show its certificate, at the address of the proxy that asks for one (RFC 8705 §5).
WITH_CERTIFICATE = (
    "token_endpoint", "userinfo_endpoint", "pushed_authorization_request_endpoint", "introspection_endpoint", "revocation_endpoint",
    "device_authorization_endpoint", "backchannel_authentication_endpoint",
)  # fmt: skip
AUTH_METHODS = ["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "client_secret_basic", "client_secret_post", "none"]


def resource(issuer: str) -> dict[str, Any]:
    """What our own resources, which tokens name by the issuer, take (RFC 9728 §2)."""
    return {
        "resource": issuer, "authorization_servers": [issuer], "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header", "body"], "dpop_signing_alg_values_supported": sorted(FAPI_ALGS),
        "tls_client_certificate_bound_access_tokens": True,
    }  # fmt: skip


def document(issuer: str, paths: frozenset[str] = frozenset(), front: str = "") -> dict[str, Any]:
    """The metadata; `paths`: what the application serves, so that nothing is promised that is not there; `front`: where clients
    with certificates call, "" for the same address as everybody."""
    algs, legacy = sorted(FAPI_ALGS), sorted(LEGACY_ALGS)
    made: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "token_endpoint": f"{issuer}/oidc/token",
        "userinfo_endpoint": f"{issuer}/oidc/userinfo",
        "jwks_uri": f"{issuer}/oidc/jwks",
        "pushed_authorization_request_endpoint": f"{issuer}/oidc/par",
        "require_pushed_authorization_requests": False,
        "authorization_response_iss_parameter_supported": True,
        "response_types_supported": ["code"],
        "response_modes_supported": sorted(RESPONSE_MODES),
        "grant_types_supported": list(HANDLERS),
        "scopes_supported": list(SCOPES),
        "claims_supported": ["sub", "acr", "amr", "auth_time", "sid", *(c for claims in GROUPS.values() for c in claims)],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "acr_values_supported": list(ACR.values()),
        "subject_types_supported": ["pairwise", "public"],
        "id_token_signing_alg_values_supported": list(ID_TOKEN_ALGS),
        "userinfo_signing_alg_values_supported": ["ES256"],
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "request_object_signing_alg_values_supported": legacy,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["vi", "en"],
        "token_endpoint_auth_methods_supported": AUTH_METHODS,
        "token_endpoint_auth_signing_alg_values_supported": legacy,
        "dpop_signing_alg_values_supported": algs,
        "tls_client_certificate_bound_access_tokens": True,
        "service_documentation": f"{issuer}/desk/clients/try",
    }
    for name, path in EXTENSIONS.items():
        if path in paths:
            made[name] = issuer + path
            if name in ("introspection_endpoint", "revocation_endpoint"):
                # Who proves nothing may give tokens back, but learns nothing about them (service.introspect.refuse_public).
                proving = [way for way in AUTH_METHODS if way != "none"] if name == "introspection_endpoint" else AUTH_METHODS
                made[f"{name}_auth_methods_supported"] = proving
                made[f"{name}_auth_signing_alg_values_supported"] = legacy
    if "end_session_endpoint" in made:
        made |= {"backchannel_logout_supported": True, "backchannel_logout_session_supported": True}
    if "introspection_endpoint" in made:
        made["introspection_signing_alg_values_supported"] = ["ES256"]
    if "backchannel_authentication_endpoint" in made:
        made |= {
            "backchannel_token_delivery_modes_supported": ["poll", "ping"], "backchannel_user_code_parameter_supported": False,
            "backchannel_authentication_request_signing_alg_values_supported": legacy,
        }  # fmt: skip
    if front:
        made["mtls_endpoint_aliases"] = {name: front + made[name].removeprefix(issuer) for name in WITH_CERTIFICATE if name in made}
    if "/desk/clients/try" not in paths:
        del made["service_documentation"]
    return made
