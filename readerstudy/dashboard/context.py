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
        tasks = tasks_of(user)
        # Adjudication lies below Labelling's address: the longest match is where one is.
        here = max((t.url for t in tasks if request.path.startswith(t.url)), key=len, default="")
        return [{"label": t.label, "url": t.url, "active": t.url == here} for t in tasks]

    return {
        "navigation": navigation,
        "demo": settings.DEMO,
        "demo_password": settings.DEMO_PASSWORD if settings.DEMO else "",
    }
