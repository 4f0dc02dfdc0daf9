"""Every route of the site, from the resolver itself."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def every_route(patterns: Any = None, names: str = "", path: str = "") -> Iterator[tuple[str, str]]:
    """Yield (namespace:name, pattern) of each route, included ones too."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        below = path + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{names}{entry.namespace}:" if entry.namespace else names
            yield from every_route(entry.url_patterns, inner, below)
        elif isinstance(entry, URLPattern):
            yield f"{names}{entry.name}", below
