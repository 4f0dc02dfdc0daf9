"""OpenAPI descriptions of the session login and the error shape."""

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse, inline_serializer
from rest_framework import serializers


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe the session cookie."""

    target_class = "accounts.authentication.SessionAuthentication401"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


ERROR = inline_serializer(
    "Error",
    {
        "code": serializers.CharField(help_text="Stable, for programs."),
        "message": serializers.CharField(help_text="A sentence for a person."),
        "fields": serializers.DictField(
            child=serializers.ListField(child=serializers.CharField()), required=False
        ),
        "current": serializers.DictField(required=False, help_text="The state now (409)."),
    },
)


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """Return the documented refusals of a route; 401, 403 and 404 are always among them.

    Where the form of a body can be wrong (400), its media type can be too (415).
    """
    words = {
        400: "The request's form is wrong.",
        401: "Not signed in.",
        403: "Not allowed.",
        404: "Absent, or not yours.",
        415: "The body is of a kind that is not accepted here.",
        409: "The state has moved on.",
        422: "A rule forbids it.",
    }
    media_type = {415} if 400 in codes else set()
    return {
        code: OpenApiResponse(ERROR, words[code])
        for code in sorted({401, 403, 404, *codes, *media_type})
    }
