"""Compresses what is text; CT frames are compressed already and would only cost time."""

from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware

TEXT = ("text/", "application/json", "application/dicom+json")


class TextGZipMiddleware(GZipMiddleware):
    """Gzip pages and JSON for browsers that ask for it (with Django's padding against BREACH)."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not response.headers.get("Content-Type", "").startswith(TEXT):
            return response
        return super().process_response(request, response)
