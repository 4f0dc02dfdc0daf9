"""Nested cross-validation by patient (inference.training, pure).

Outer folds are shared by all runs: each patient is the outer test of exactly one fold. The other
patients of a fold are split again; one inner fold, another in each run, validates.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from inference.training.settings import TrainingSettings


class SplitError(ValueError):
    """The patients cannot be split as asked; the text says why and what to do."""


@dataclass(frozen=True, order=True, kw_only=True)
class LabelledNode:
    """What splitting needs to know of a node; ``ene`` is None where it is unknown."""

    patient: str
    metastasis: int
    ene: int | None


@dataclass(frozen=True, kw_only=True)
class MemberSplit:
    """Who is on which side for one member; the three sides have no patient in common.

    Attributes
    ----------
    run, fold : int
        The member.
    training : tuple of str
        Patients whose nodes move the weights.
    validation : tuple of str
        Patients of the inner validation: curves, early stopping, thresholds.
    outer : tuple of str
        Patients that nothing of this fold has seen, neither its fingerprint nor its thresholds.
    """

    run: int
    fold: int
    training: tuple[str, ...]
    validation: tuple[str, ...]
    outer: tuple[str, ...]

    @property
    def outer_training(self) -> tuple[str, ...]:
        """Training and validation patients together: the other outer folds."""
        return tuple(sorted(self.training + self.validation))


@dataclass(frozen=True, kw_only=True)
class NestedSplits:
    """The whole plan: outer folds, and the sides of every member."""

    outer: tuple[tuple[str, ...], ...]
    members: tuple[MemberSplit, ...]

    def member(self, run: int, fold: int) -> MemberSplit:
        """Return one member's sides; SplitError if the plan has no such member."""
        for member in self.members:
            if (member.run, member.fold) == (run, fold):
                return member
        raise SplitError(f"the splits have no run {run} fold {fold}.")

    def fold_of(self, patient: str) -> int:
        """Return the fold whose outer test a patient is; SplitError if it is in none."""
        for fold, patients in enumerate(self.outer):
            if patient in patients:
                return fold
        raise SplitError(f"patient {patient} is in no outer fold.")

    def outer_training(self, fold: int) -> tuple[str, ...]:
        """Return the patients of all other folds."""
        return tuple(sorted(p for f, ps in enumerate(self.outer) if f != fold for p in ps))


def nested_splits(nodes: Iterable[LabelledNode], settings: TrainingSettings) -> NestedSplits:
    """Plan every member's sides; the same nodes (in any order) and settings give the same plan.

    Parameters
    ----------
    nodes : iterable of LabelledNode
        The training data.
    settings : TrainingSettings
        Of them, `runs`, `folds`, `inner_folds` and `fold_seed`.

    Returns
    -------
    NestedSplits
        Checked by `check_no_leak`. Patients with ENE, with metastasis only, and without either are
        dealt out evenly, in a random order of each.

    Raises
    ------
    SplitError
        If there are too few patients, or a member's training side would lack a kind of node
        without which there is nothing to learn.
    """
    kept = list(nodes)
    strata = _strata(kept)
    if len(strata) < settings.folds:
        raise SplitError(
            f"{len(strata)} patients cannot be split into {settings.folds} folds; add patients or "
            "ask for fewer folds."
        )
    outer = _dealt(strata, settings.folds, np.random.default_rng(settings.fold_seed))
    members = [
        _member(strata, outer, run, fold, settings)
        for run in range(settings.runs)
        for fold in range(settings.folds)
    ]
    splits = NestedSplits(outer=outer, members=tuple(members))
    check_no_leak(splits, strata)
    for member in members:
        _check_learnable(member, kept)
    return splits


def _strata(nodes: Iterable[LabelledNode]) -> dict[str, int]:
    """Return each patient's stratum: 2 with an ENE node, 1 with a metastatic one, else 0."""
    strata: dict[str, int] = {}
    for node in nodes:
        own = 2 if node.ene == 1 else int(node.metastasis == 1)
        strata[node.patient] = max(own, strata.get(node.patient, 0))
    return dict(sorted(strata.items()))


def _dealt(
    strata: Mapping[str, int], folds: int, random: np.random.Generator
) -> tuple[tuple[str, ...], ...]:
    """Deal patients like cards, stratum after stratum: fold sizes differ by one at most."""
    cards: list[str] = []
    for stratum in (2, 1, 0):
        patients = [patient for patient, own in strata.items() if own == stratum]
        cards += [patients[i] for i in random.permutation(len(patients))]
    return tuple(tuple(sorted(cards[fold::folds])) for fold in range(folds))


def _member(
    strata: Mapping[str, int],
    outer: Sequence[tuple[str, ...]],
    run: int,
    fold: int,
    settings: TrainingSettings,
) -> MemberSplit:
    rest = {patient: own for patient, own in strata.items() if patient not in outer[fold]}
    if len(rest) < settings.inner_folds:
        raise SplitError(
            f"fold {fold} leaves {len(rest)} patients, too few for {settings.inner_folds} inner "
            "folds; add patients or ask for fewer inner folds."
        )
    # Runs walk through the inner folds of one split; when all have had their turn, of another.
    deal, turn = divmod(run, settings.inner_folds)
    random = np.random.default_rng((settings.fold_seed, fold + 1, deal))
    inner = _dealt(rest, settings.inner_folds, random)
    training = tuple(sorted(p for i, ps in enumerate(inner) if i != turn for p in ps))
    return MemberSplit(
        run=run, fold=fold, training=training, validation=inner[turn], outer=outer[fold]
    )


def check_no_leak(splits: NestedSplits, patients: Iterable[str]) -> None:
    """Make sure that no patient is on two sides, and that each is the outer test exactly once.

    Parameters
    ----------
    splits : NestedSplits
        The plan, however it came about.
    patients : iterable of str
        All patients of the training data.

    Raises
    ------
    SplitError
        Naming the first patient, and the sides it is on.
    """
    everyone = set(patients)
    times = Counter(patient for fold in splits.outer for patient in fold)
    for patient in sorted(everyone | set(times)):
        if times[patient] != 1 or patient not in everyone:
            raise SplitError(f"patient {patient} is in {times[patient]} outer folds, not in one.")
    for member in splits.members:
        _check_member(member, splits.outer[member.fold], everyone)


def _check_member(member: MemberSplit, outer: Sequence[str], everyone: set[str]) -> None:
    name = f"run {member.run} fold {member.fold}"
    if set(member.outer) != set(outer):
        raise SplitError(f"{name}: its outer patients are not those of its outer fold.")
    on = Counter((*member.training, *member.validation, *member.outer))
    for patient in sorted(everyone | set(on)):
        if on[patient] != 1 or patient not in everyone:
            raise SplitError(f"{name}: patient {patient} is on {on[patient]} sides, not on one.")
    for side in ("training", "validation", "outer"):
        if not getattr(member, side):
            raise SplitError(f"{name}: the {side} side has no patient.")


def _check_learnable(member: MemberSplit, nodes: Iterable[LabelledNode]) -> None:
    """Refuse a training side on which one of the two questions has only one answer."""
    training = set(member.training)
    seen = {(n.metastasis, n.ene) for n in nodes if n.patient in training}
    needed = {
        "a benign node": any(metastasis == 0 for metastasis, _ in seen),
        "a metastatic node": any(metastasis == 1 for metastasis, _ in seen),
        "a node with ENE": (1, 1) in seen,
        "a metastatic node known to be without ENE": (1, 0) in seen,
    }
    for what, is_there in needed.items():
        if not is_there:
            raise SplitError(
                f"run {member.run} fold {member.fold}: the training side lacks {what}; add "
                "patients or ask for fewer folds."
            )
