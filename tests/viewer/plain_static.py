"""The ``static`` tag without a storage: the stand-in server serves the source files."""

from django import template

register = template.Library()


@register.simple_tag
def static(path: str) -> str:
    """Return the plain address of a static file."""
    return f"/static/{path}"
