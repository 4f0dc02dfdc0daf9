"""Who asks by DICOMweb: a browser with its session, or a viewer with a token."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import User
from cohorts.dicomweb.selectors import usable_token
from cohorts.models import DicomwebToken

SCHEME = b"bearer"


class TokenAuthentication(BaseAuthentication):
    """Authorization: Bearer, with a token of one person for one cohort."""

    def authenticate(self, request: Request) -> tuple[User, DicomwebToken] | None:
        """Return person and token; None without the header, so that a session can speak."""
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != SCHEME:
            return None
        token = usable_token(secret.strip().decode("latin-1"))
        if token is None:
            raise AuthenticationFailed(
                "This token is unknown, expired or revoked: make a new one on the cohort's page."
            )
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in a 401."""
        return "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the token."""

    target_class = "cohorts.dicomweb.authentication.TokenAuthentication"
    name = "dicomweb token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        """Return the OpenAPI form."""
        return {"type": "http", "scheme": "bearer"}
