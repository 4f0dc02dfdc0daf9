"""Template context of every page."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """Return what the frame of each page needs."""
    return {"demo": settings.DEMO}
