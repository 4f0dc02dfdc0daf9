"""Logs as JSON lines that name routes and row ids, never patients, files or free text."""

import json
import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

ALLOWED = ("route", "status", "method", "duration_ms", "user_id", "job", "job_id", "event", "count")
NAMES_PATHS = ("django.request", "django.security", "django.server")
"""Loggers whose sentences hold the path, and with it the token of an invitation."""
logger = logging.getLogger("nodewise.request")


class JsonFormatter(logging.Formatter):
    """One JSON object per line; only the listed extra fields are written."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one JSON line."""
        line = {
            "at": timezone.now().isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _sentence(record),
        }
        line |= _route(record)
        line |= {key: record.__dict__[key] for key in ALLOWED if key in record.__dict__}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def _sentence(record: logging.LogRecord) -> str:
    if not record.name.startswith(NAMES_PATHS):
        return record.getMessage()
    return f"a request was answered with status {record.__dict__.get('status_code', 'unknown')}"


def _route(record: logging.LogRecord) -> dict[str, str]:
    match = getattr(record.__dict__.get("request"), "resolver_match", None)
    return {"route": match.view_name} if match is not None else {}


class RequestLogMiddleware:
    """Log each request by its route's name: paths carry tokens and identifiers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        if match is not None:
            user = getattr(request, "user", None)
            logger.info(
                "request",
                extra={
                    "route": match.view_name,
                    "method": request.method,
                    "status": response.status_code,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 1),
                    "user_id": getattr(user, "pk", None),
                },
            )
        return response
