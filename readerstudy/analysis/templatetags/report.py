"""Template filters of the report."""

from django import template
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def figure(svg: str) -> SafeString:
    """Embed an SVG drawn by ``reporting.figures``, which escape every text they are given."""
    return mark_safe(svg)  # noqa: S308 - see the docstring
