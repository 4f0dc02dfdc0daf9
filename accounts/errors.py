"""The one error shape of the API, and the exceptions services raise beyond Django's own."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response

NOT_FOUND = {"code": "not_found", "message": "There is no such thing here for you."}


class Conflict(ValidationError):
    """What was asked rests on a state that has moved on; ``current`` is the state now (409)."""

    def __init__(self, message: str, *, code: str, current: dict[str, Any] | None = None) -> None:
        super().__init__(message, code=code)
        self.current = current


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Turn an exception into ``{"code", "message"[, "fields"][, "current"]}``.

    400 the request's form is wrong, 401 not signed in, 403 not allowed, 404 absent or not yours,
    409 the state has moved on, 422 a rule forbids it.
    """
    if isinstance(exc, Conflict):
        body = _body(exc) | ({"current": exc.current} if exc.current is not None else {})
        return Response(body, status=status.HTTP_409_CONFLICT)
    if isinstance(exc, ValidationError):
        return Response(_body(exc), status=status.HTTP_422_UNPROCESSABLE_ENTITY)
    if isinstance(exc, Http404 | ObjectDoesNotExist):
        return Response(NOT_FOUND, status=status.HTTP_404_NOT_FOUND)
    if isinstance(exc, PermissionDenied):
        return _answer("permission_denied", str(exc) or "You may not do this.", 403)
    if isinstance(exc, exceptions.ValidationError):
        return _form_error(exc)
    if isinstance(exc, exceptions.APIException):
        response = _answer(str(exc.default_code), str(exc.detail), exc.status_code)
        if exc.status_code == status.HTTP_401_UNAUTHORIZED:
            response["WWW-Authenticate"] = "Session"
        return response
    return None


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that no route meets: programs get the API's error, people a page."""
    if request.path_info.startswith("/api/"):
        return JsonResponse(NOT_FOUND, status=404)
    return defaults.page_not_found(request, exception)


def _answer(code: str, message: str, status_code: int) -> Response:
    return Response({"code": code, "message": message}, status=status_code)


def _form_error(exc: exceptions.ValidationError) -> Response:
    fields = _flat(exc.detail)
    body = {
        "code": "invalid",
        "message": f"Not understood: {', '.join(map(str, fields))}. See 'fields'.",
        "fields": fields,
    }
    return Response(body, status=status.HTTP_400_BAD_REQUEST)


def _flat(detail: Any, place: str = "") -> dict[str, list[str]]:
    """Return sentences by field; a field within others is named by its path: ``files.3.size``."""
    if isinstance(detail, dict):
        pairs = [(str(name), value) for name, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(entry, dict | list) for entry in detail):
        pairs = [(str(index), value) for index, value in enumerate(detail) if value]
    else:
        return {place or "non_field_errors": [str(entry) for entry in detail]}
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found |= _flat(value, f"{place}.{name}" if place else name)
    return found


def _body(exc: ValidationError) -> dict[str, Any]:
    if hasattr(exc, "error_dict"):
        return {
            "code": "invalid",
            "message": " ".join(exc.messages),
            "fields": exc.message_dict,
        }
    first = exc.error_list[0]
    return {"code": first.code or "invalid", "message": " ".join(exc.messages)}
