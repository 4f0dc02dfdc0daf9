"""Template filters of the report."""

from collections.abc import ItemsView, Mapping, Sequence
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from readerstudy.analysis.reporting import report

register = template.Library()


@register.filter
def figure(svg: str) -> SafeString:
    """Embed an SVG drawn by ``figures``, which escapes every text it is given."""
    return mark_safe(svg)  # noqa: S308 - see the docstring


@register.filter
def left_out_counts(entries: Sequence[Mapping[str, Any]]) -> ItemsView[str, int]:
    """Return (sentence, count) pairs."""
    return report.left_out_counts(entries).items()
