"""Filter that says the keys of an analysis plan in words."""

from typing import Any

from django import template

register = template.Library()

WORDS = {
    "metastasis": "metastasis (with or without ENE), all nodes",
    "ene": "ENE, all nodes",
    "ene_among_metastatic": "ENE among metastatic nodes",
    "binary": "present or absent; AUC = (sensitivity + specificity)/2",
    "auc": "AUC",
    "model_vs_each_reader": "model against each reader",
    "delong_paired": "paired DeLong test, two-sided",
    "complete_cases": "nodes without a call are left out and listed",
}


@register.filter
def in_words(key: Any) -> str:
    """Return a plan's key in words; one that is not known as it stands."""
    return WORDS.get(str(key), str(key))
