"""Stored cases in, stored maps out: what the worker does with an attribution run.

A worker may die at any instruction: a node's map, its item and the run's progress are written in
one transaction, and whatever is still waiting is taken up by the next worker. Members are read one
after another, so that memory does not grow with their number.
"""

import logging
from dataclasses import dataclass

import numpy as np
from django.db import DatabaseError, transaction
from django.db.models import F
from torch import nn

from cohorts import storage
from cohorts.models import NodeMask
from cohorts.selectors import mask_array
from inference.explanation.integrated_gradients import (
    Accuracy,
    Attribution,
    Member,
    NotComplete,
    ensemble_attribution,
)
from inference.explanation.map_bytes import packed
from inference.explanation.node_map import NodeMap, node_map, shown_voxels
from inference.models import (
    AttributionItem,
    AttributionMap,
    AttributionRun,
    ItemState,
    ModelVersion,
)
from inference.pipeline.compute import (
    MemberGroup,
    ModelUnusable,
    StoredMember,
    compute_settings,
    member_groups,
)
from inference.pipeline.heart import Heart
from inference.pipeline.items import MAX_TRIES, sentence_of
from inference.pipeline.stored_nodes import NodeVolume, RefusedNode, inputs_of, node_volume
from inference.runner import (
    InputGrid,
    Inputs,
    Preparation,
    Progress,
    Runner,
    input_grid_of,
    preparation_of,
    runner_of,
)
from inference.selectors import explanations as selectors
from jobs import leases
from jobs.code_version import code_version
from jobs.models import JobState

logger = logging.getLogger("nodewise.inference")

NOT_THE_NODES = (leases.LeaseLost, DatabaseError, ModelUnusable)
"""What ends the run, or this worker's part in it, whichever node it was at."""


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """One model version, ready to explain its scores; needs no database."""

    preparation: Preparation
    grid: InputGrid
    runner: Runner
    network: nn.Module
    members: tuple[StoredMember, ...]
    groups: tuple[MemberGroup, ...]
    device: str

    @classmethod
    def of(cls, version: ModelVersion) -> "Explainer":
        """Look up the version's members; raise ModelUnusable if it has none or is unknown here."""
        keys = list(version.members.values_list("run", "fold", "sha256"))
        if not keys:
            raise ModelUnusable(f"Model version '{version.name}' has no members: register it anew.")
        try:
            runner = runner_of(version.architecture)
            return cls(
                preparation=preparation_of(version.architecture),
                grid=input_grid_of(version.architecture),
                runner=runner,
                network=runner.network(),
                members=tuple(StoredMember(runner, key) for key in keys),
                groups=tuple(member_groups(version.parameters, [fold for _, fold, _ in keys])),
                device=compute_settings().device,
            )
        except ValueError as refusal:
            raise ModelUnusable(f"Model version '{version.name}': {refusal}") from refusal

    def explain(
        self, mask: NodeMask, steps: int, progress: Progress | None = None
    ) -> tuple[Attribution, NodeMap]:
        """Explain the ensemble's ENE score of one node; raises RefusedNode or NotComplete."""
        parameters = self.groups[0].parameters
        volume = node_volume(mask, self.preparation, parameters)
        seen = [inputs_of(volume, self.preparation, group.parameters) for group in self.groups]
        found = ensemble_attribution(
            self.network,
            self.runner.pair,
            self._members(seen),
            baseline=self.grid.baseline,
            accuracy=Accuracy(steps=steps),
            device=self.device,
            progress=progress,
        )
        return found, self._mapped(mask, volume, seen, found)

    def _members(self, seen: list[Inputs]) -> list[Member]:
        return [
            Member(name=f"RUN{member.run}/fold{member.fold}", load=member.take, inputs=inputs)
            for group, inputs in zip(self.groups, seen, strict=True)
            for member in (self.members[row] for row in group.rows)
        ]

    def _mapped(
        self, mask: NodeMask, volume: NodeVolume, seen: list[Inputs], found: Attribution
    ) -> NodeMap:
        # Fingerprints change what is seen, and not where: any fold's parameters tell the places.
        places = self.grid.coordinates(
            volume.volume_hu_zyx,
            volume.mask_zyx,
            volume.spacing_zyx_mm,
            self.groups[0].parameters,
            origin_zyx=volume.origin_zyx,
            full_shape_zyx=volume.full_shape_zyx,
        )
        shown = [shown_voxels(inputs, self.grid.baseline) for inputs in seen]
        box, voxels = mask_array(mask)
        return node_map(
            found.values,
            places,
            [np.logical_or.reduce(arrays) for arrays in zip(*shown, strict=True)],
            mask_box=(box.start_zyx, box.stop_zyx),
            mask_zyx=voxels,
            shape_zyx=volume.full_shape_zyx,
            spacing_zyx_mm=volume.spacing_zyx_mm,
        )


def run_attributions(run_id: int) -> None:
    """Explain every waiting node of the run; safe to run twice and to kill at any time."""
    run = leases.claim(AttributionRun, run_id, owner=leases.owner_name())
    if run is None:
        return
    try:
        _explain_waiting(run)
    except leases.Cancelled:
        leases.finish(run, state=JobState.CANCELLED)
    except leases.LeaseLost:
        logger.warning("attribution run %s was taken over", run.pk)
    except ModelUnusable as refusal:
        leases.finish(run, state=JobState.FAILED, error=str(refusal))
    except Exception as problem:
        leases.give_back(run, error=sentence_of(problem))
        raise


def _explain_waiting(run: AttributionRun) -> None:
    explainer, heart = Explainer.of(run.model_version), Heart(run)
    while (item := selectors.next_attribution_item(run)) is not None:
        heart.beat()
        _explain_item(run, item, explainer, heart)
    done, parked, total = selectors.attribution_counts(run)
    note = f"{done} of {total} nodes explained" + (f", {parked} parked" if parked else "")
    with transaction.atomic():
        leases.renew(run, done=done + parked, total=total, note=note)
        leases.finish(run)


def _explain_item(
    run: AttributionRun, item: AttributionItem, explainer: Explainer, heart: Heart
) -> None:
    """Bring one node one step further: explained, parked, or waiting for another try."""
    if item.attempts >= MAX_TRIES and not item.error:
        _end(
            run, item, ItemState.PARKED, f"The worker was lost {item.attempts} times at this node."
        )
        return
    AttributionItem.objects.filter(pk=item.pk).update(attempts=F("attempts") + 1, error="")
    try:
        if selectors.attribution_map_of(run.model_version, item.mask.digest) is None:
            found, on_ct = _computed(run, item, explainer, heart)
            _store(run, item, found, on_ct)
        else:
            _end(run, item, ItemState.DONE, "")
    except NOT_THE_NODES:
        raise
    except Exception as problem:
        logger.exception("item %s of attribution run %s", item.pk, run.pk)
        is_final = isinstance(problem, RefusedNode | NotComplete)
        if is_final or item.attempts + 1 >= MAX_TRIES:
            _end(run, item, ItemState.PARKED, sentence_of(problem))
        else:
            AttributionItem.objects.filter(pk=item.pk).update(error=sentence_of(problem))


def _computed(
    run: AttributionRun, item: AttributionItem, explainer: Explainer, heart: Heart
) -> tuple[Attribution, NodeMap]:
    done, parked, total = selectors.attribution_counts(run)
    place = f"node {done + parked + 1} of {total}"
    return heart.attend(
        lambda progress: explainer.explain(item.mask, run.steps, progress),
        describe=lambda member, members: f"{place}, member {min(member + 1, members)} of {members}",
    )


def _store(run: AttributionRun, item: AttributionItem, found: Attribution, on_ct: NodeMap) -> None:
    """Write the map, the item and the progress at once; of two maps of a node the first stands."""
    key = storage.put(packed(on_ct.values))
    with transaction.atomic():
        _end(run, item, ItemState.DONE, "")
        AttributionMap.objects.get_or_create(
            model_version=run.model_version,
            mask_digest=item.mask.digest,
            defaults={
                "node": item.node,
                "map_key": key,
                "box": [list(on_ct.start_zyx), list(on_ct.stop_zyx)],
                "steps": found.steps,
                "ene_score": found.score,
                "baseline_score": found.baseline_score,
                "attribution_sum": on_ct.total,
                "completeness_error": found.completeness_error,
                "shell_mm": on_ct.shell_mm,
                "shell_fraction": on_ct.shell_fraction,
                "shell_volume_fraction": on_ct.shell_volume_fraction,
                "code_version": code_version(),
            },
        )


def _end(run: AttributionRun, item: AttributionItem, state: ItemState, error: str) -> None:
    """End the item and count it; raise LeaseLost before anything is kept that is not ours."""
    with transaction.atomic():
        AttributionItem.objects.filter(pk=item.pk).update(state=state, error=error)
        done, parked, total = selectors.attribution_counts(run)
        leases.renew(run, done=done + parked, note=f"node {done + parked} of {total}")
    leases.forget_losses(run)
