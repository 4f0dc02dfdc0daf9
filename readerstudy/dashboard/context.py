"""Template context of every page: the navigation of this person."""

from django.conf import settings
from django.http import HttpRequest

from readerstudy.dashboard.selectors import tasks_of


def site(request: HttpRequest) -> dict[str, object]:
    """Return the navigation (worked out only where a template shows it)."""

    def navigation() -> list[dict[str, object]]:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return []
        return [
            {"label": task.label, "url": task.url, "active": request.path.startswith(task.url)}
            for task in tasks_of(user)
        ]

    return {
        "navigation": navigation,
        "demo": settings.DEMO,
        "demo_password": settings.DEMO_PASSWORD if settings.DEMO else "",
    }
