"""What the training pages show of a run: members, curves, settings."""

import json
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from accounts.models import User
from inference import selectors
from inference.models import ModelVersion, TrainingRun
from inference.selectors import CurvePoint
from inference.training_curves import Curve, CurveValue, curves_figure, mean_by_epoch

LOSSES = (
    ("Training", "curve-a", "training_loss"),
    ("Inner validation", "curve-b", "validation_loss"),
)
AUCS = (
    ("Metastasis", "curve-a", "metastasis_auc"),
    ("ENE, all nodes", "curve-b", "ene_auc"),
    ("ENE, metastatic nodes", "curve-c", "ene_among_metastatic_auc"),
)


def member_rows(run: TrainingRun) -> list[dict[str, Any]]:
    """Return the grid of members: a row per run with a cell per fold."""
    total = run.settings["epochs"]
    rows: dict[int, list[dict[str, Any]]] = {}
    for member in run.members.order_by("run", "fold"):
        rows.setdefault(member.run, []).append(
            {"fold": member.fold, "epoch": member.epoch, "of": total, "is_done": member.is_done}
        )
    return [{"run": number, "cells": cells} for number, cells in rows.items()]


def curve_figures(run: TrainingRun) -> list[dict[str, Any]]:
    """Return the figures of losses and AUCs; none before the first evaluation."""
    points = selectors.curve_points(run)
    if not points:
        return []
    epochs = run.settings["epochs"]
    return [
        _figure("Loss", LOSSES, points, epochs, None),
        _figure("AUC of the inner validation", AUCS, points, epochs, (0.0, 1.0)),
    ]


def _figure(
    title: str,
    quantities: tuple[tuple[str, str, str], ...],
    points: list[CurvePoint],
    epochs: int,
    limits: tuple[float, float] | None,
) -> dict[str, Any]:
    curves = [
        Curve(
            name,
            style,
            [
                CurveValue((point.run, point.fold), point.epoch, getattr(point, attribute))
                for point in points
                if getattr(point, attribute) is not None
            ],
        )
        for name, style, attribute in quantities
    ]
    keys = [
        {"name": curve.name, "style": curve.style, "last": mean_by_epoch(curve.values)[-1][1]}
        for curve in curves
        if curve.values
    ]
    drawn = curves_figure(title, curves, epochs=epochs, limits=limits)
    return {"title": title, "keys": keys, "svg": _ours(drawn)}


def _ours(svg: str) -> SafeString:
    """Let the template show a drawing that consists of our own numbers and words."""
    return mark_safe(svg)  # noqa: S308 - titles are escaped where it is drawn


def training_of_model(user: User, version: ModelVersion) -> dict[str, Any] | None:
    """Return what a model's page shows of its training; None where the person may not see it."""
    run = selectors.training_run_of(user, version)
    if run is None:
        return None
    chosen = json.loads(selectors.training_record_bytes(run))["thresholds"]
    sides = [("New patients", chosen["version"])]
    sides += [(f"Outer fold {fold}", own) for fold, own in enumerate(chosen["by_fold"])]
    return {
        "run": run,
        "figures": curve_figures(run),
        "settings": settings_rows(run),
        "rule": run.settings["threshold_rule"].replace("_", " "),
        "thresholds": [
            {"who": who, "endpoint": endpoint, "chosen": found}
            for who, own in sides
            for endpoint, found in own.items()
        ],
    }


def settings_rows(run: TrainingRun) -> list[tuple[str, Any]]:
    """Return every setting of the run as people read it."""
    words = {True: "yes", False: "no"}
    return [
        (name.replace("_", " "), words[value] if isinstance(value, bool) else value)
        for name, value in run.settings.items()
    ]
