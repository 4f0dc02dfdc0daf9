"""The numbers that decide what DualNet sees of a node (inference.dualnet, pure).

They are part of a model version: its digest covers them. All of them are published; what the
published code leaves to chance is settled by a named convention.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

BOX_SHAPE = (32, 118, 118)
"""Voxels (z, y, x) of the network's size-preserving input."""

SMALL_SHAPE = (32, 32, 32)
"""Voxels (z, y, x) of the network's size-invariant input."""

CONVENTIONS = ("D",)
"""Known ways of settling what the published code leaves to chance.

``D`` is three rules. D1: every node starts from the stated window, whatever node came before it.
D2: a node that cannot be prepared is refused, never dropped. D4: resampled values within
`TIE_HU` of a whole number become that number, and only then are truncated towards zero.
"""

TIE_HU = 1e-6

SPACING_LIMITS_MM = (0.05, 20.0)
"""Smallest and largest voxel spacing that is taken for a CT's."""

Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class DualNetParameters:
    """Everything preprocessing needs besides the node itself.

    Attributes
    ----------
    convention : str
        Name of the rules that settle open points (`CONVENTIONS`).
    target_spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) that CT and mask are resampled to, in mm.
    beyond_volume_hu : float
        Value of samples that lie more than half a voxel beyond the last one, in HU.
    dilation_voxels : int
        How far the mask grows in-plane, on each side, after resampling.
    box_shape_zyx : tuple of int
        Size of the crop about the node, in voxels at target spacing; the network takes one only.
    padding_hu : float
        Value of voxels of the crop that lie outside the resampled volume, in HU.
    window_hu : tuple of float
        Lowest and highest intensity, in HU; the crop's own range within it becomes 0 to 1.
    background : float
        Added to every voxel at the end; the value of everything outside the mask.
    """

    convention: str = "D"
    target_spacing_zyx_mm: Triple = (3.0, 1.0, 1.0)
    beyond_volume_hu: float = 0.0
    dilation_voxels: int = 4
    box_shape_zyx: tuple[int, int, int] = BOX_SHAPE
    padding_hu: float = -1024.0
    window_hu: tuple[float, float] = (-175.0, 275.0)
    background: float = 0.001

    def __post_init__(self) -> None:
        if self.convention not in CONVENTIONS:
            raise ValueError(
                f"convention must be one of {', '.join(CONVENTIONS)}, not {self.convention!r}."
            )
        spacing = _numbers("target_spacing_zyx_mm", self.target_spacing_zyx_mm, 3, "mm")
        check_spacing("target_spacing_zyx_mm", spacing)
        window = _numbers("window_hu", self.window_hu, 2, "HU")
        if window[0] >= window[1]:
            raise ValueError(f"window_hu must be the lower, then the higher end, not {window} HU.")
        self._check_voxels()
        background = _number("background", self.background, "intensity")
        if not 0 <= background < 1:
            raise ValueError(f"background must be at least 0 and below 1, not {background}.")
        # Stored as floats, so that equal parameters have equal digests.
        stored = {
            "target_spacing_zyx_mm": spacing,
            "window_hu": window,
            "background": background,
            "box_shape_zyx": tuple(self.box_shape_zyx),
            "padding_hu": _number("padding_hu", self.padding_hu, "HU"),
            "beyond_volume_hu": _number("beyond_volume_hu", self.beyond_volume_hu, "HU"),
        }
        for name, value in stored.items():
            object.__setattr__(self, name, value)

    def _check_voxels(self) -> None:
        reach = self.dilation_voxels
        if isinstance(reach, bool) or not isinstance(reach, int):
            raise TypeError(f"dilation_voxels must be a whole number of voxels, not {reach!r}.")
        if not 0 <= reach <= max(BOX_SHAPE):
            raise ValueError(f"dilation_voxels must be 0 to {max(BOX_SHAPE)} voxels, not {reach}.")
        shape = self.box_shape_zyx
        if not isinstance(shape, list | tuple) or tuple(shape) != BOX_SHAPE:
            raise ValueError(
                f"box_shape_zyx must be {list(BOX_SHAPE)}, the only size that the network takes, "
                f"not {shape!r}."
            )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `from_dict` reads them back."""
        values = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DualNetParameters":
        """Read what `to_dict` wrote, or a person typed.

        Parameters
        ----------
        values : mapping
            Everything may be left to its default, the published number.

        Returns
        -------
        DualNetParameters

        Raises
        ------
        ValueError
            If a key is unknown, or a number is out of its range.
        TypeError
            If a value is of another kind than expected.
        """
        known = [field.name for field in fields(cls)]
        unknown = [key for key in values if key not in known]
        if unknown:
            raise ValueError(
                f"DualNet parameters: unknown key {unknown[0]!r}; known are {', '.join(known)}."
            )
        return cls(**values)


def _number(name: str, value: object, unit: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number ({unit}), not {value!r}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number ({unit}), not {value}.")
    return float(value) + 0.0  # no negative zero


def _numbers(name: str, values: object, count: int, unit: str) -> tuple[float, ...]:
    if not isinstance(values, list | tuple) or len(values) != count:
        raise TypeError(f"{name} must be {count} numbers ({unit}), not {values!r}.")
    return tuple(_number(name, value, unit) for value in values)


def check_spacing(name: str, spacing_zyx_mm: Sequence[float]) -> None:
    """Refuse a voxel spacing that no CT has.

    Parameters
    ----------
    name : str
        What to call it in the refusal.
    spacing_zyx_mm : sequence of float
        Spacing (z, y, x) in mm.

    Raises
    ------
    ValueError
        If there are not three numbers, each from `SPACING_LIMITS_MM`.
    """
    low, high = SPACING_LIMITS_MM
    if len(spacing_zyx_mm) != 3:
        raise ValueError(f"{name} must be three numbers (z, y, x) in mm, not {spacing_zyx_mm!r}.")
    for axis, value in zip("zyx", spacing_zyx_mm, strict=True):
        if not low <= value <= high:  # a NaN fails, too
            raise ValueError(f"{name} ({axis}) must be {low} to {high} mm, not {value} mm.")
