"""Refusals in the words of the RFCs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dancu.oidc.policy import FAPI_ALGS

# Where it is said what our resources take of the holder of a token (RFC 9728 §3).
RESOURCE_PATH: Final = "/.well-known/oauth-protected-resource"
DPOP_ALGS: Final = " ".join(sorted(FAPI_ALGS))


class OAuthError(Exception):
    """`error` is the RFC's code (RFC 6749 §4.1.2.1, §5.2; 8628; 9126; 9396; 9449; OIDC Core §3.1.2.6), `description` English for
    developers (ASCII without quotes, as RFC 6749 demands) and free of personal data."""

    def __init__(
        self, error: str, description: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(error)
        self.error, self.description, self.status, self.headers = error, description, status, dict(headers or {})

    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}


def invalid_request(description: str) -> OAuthError:
    return OAuthError("invalid_request", description)


def invalid_grant(description: str) -> OAuthError:
    return OAuthError("invalid_grant", description)


def invalid_client(description: str, *, challenge: bool = False) -> OAuthError:
    """401; with a Basic challenge where the client tried Basic (RFC 6749 §5.2)."""
    headers = {"WWW-Authenticate": 'Basic realm="dancu", charset="UTF-8"'} if challenge else {}
    return OAuthError("invalid_client", description, 401, headers)


def invalid_token(description: str, scheme: str = "Bearer") -> OAuthError:
    """401 of a resource (RFC 6750 §3.1, RFC 9449 §7.1)."""
    return resource_error("invalid_token", description, 401, scheme)


def token_needed(issuer: str) -> OAuthError:
    """401 of a resource to who showed nothing, or something we do not know: the ways there are, no error in the challenge (RFC 6750
    §3.1), and where to read more (RFC 9728 §5.1)."""
    where = f'resource_metadata="{issuer}{RESOURCE_PATH}"'
    return OAuthError(
        "invalid_token", "an access token is needed", 401, {"WWW-Authenticate": f'Bearer realm="dancu", {where}, DPoP algs="{DPOP_ALGS}", {where}'}
    )


def resource_error(error: str, description: str, status: int, scheme: str = "Bearer") -> OAuthError:
    algs = f' algs="{DPOP_ALGS}"' if scheme == "DPoP" else ""
    said = f'{scheme} realm="dancu", error="{error}", error_description="{description}"' + (f",{algs}" if algs else "")
    return OAuthError(error, description, status, {"WWW-Authenticate": said})
