"""What changed between two versions of a reference standard, node by node (pure: no Django)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from annotation.reference_table import NAMES, ReferenceRow


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One node whose row is new, gone, or not what it was.

    Attributes
    ----------
    patient : str
        Pseudonym.
    node : int
    before, after : ReferenceRow or None
        The node's row in the earlier and in the later version; None where it has none.
    """

    patient: str
    node: int
    before: ReferenceRow | None
    after: ReferenceRow | None

    @property
    def sentence(self) -> str:
        """What happened to the node, in words."""
        if self.before is None and self.after is not None:
            return f"new: {NAMES[self.after['label']]}"
        if self.after is None and self.before is not None:
            return f"gone: was {NAMES[self.before['label']]}"
        return ", ".join(self._changes())

    def _changes(self) -> list[str]:
        before, after = self.before, self.after
        if before is None or after is None:
            return []
        said = []
        if before["label"] != after["label"]:
            said.append(f"{NAMES[before['label']]} became {NAMES[after['label']]}")
        if before["mask_digest"] != after["mask_digest"]:
            said.append("another version of the mask")
        if before["source"] != after["source"]:
            said.append(f"by {after['source']}, was by {before['source']}")
        return said


def differences(before: Iterable[ReferenceRow], after: Iterable[ReferenceRow]) -> list[Difference]:
    """Return the nodes whose rows differ, by patient and node number.

    Parameters
    ----------
    before, after : iterable of ReferenceRow
        The contents of the earlier and of the later version; each node at most once.

    Returns
    -------
    list of Difference
        Empty where the contents, and so the digests, are equal.
    """
    earlier, later = _by_node(before), _by_node(after)
    return [
        Difference(
            patient=patient,
            node=node,
            before=earlier.get((patient, node)),
            after=later.get((patient, node)),
        )
        for patient, node in sorted(earlier.keys() | later.keys())
        if earlier.get((patient, node)) != later.get((patient, node))
    ]


def counted(found: Sequence[Difference]) -> str:
    """Return how many nodes are new, gone and changed, in words."""
    new = sum(one.before is None for one in found)
    gone = sum(one.after is None for one in found)
    return f"{new} new, {gone} gone, {len(found) - new - gone} changed"


def _by_node(rows: Iterable[ReferenceRow]) -> dict[tuple[str, int], ReferenceRow]:
    return {(row["patient"], row["node"]): row for row in rows}
