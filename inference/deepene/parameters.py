"""The numbers that decide what the network sees of a node (inference.deepene, pure).

They are part of a model version: its digest covers them, so predictions made with other numbers
cannot be mistaken for its own.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

CONVENTIONS = ("P1",)
"""Known ways of making the dilated mask and the patch; `P1` is described in `patch.py`."""

SPACING_LIMITS_MM = (0.05, 20.0)
"""Smallest and largest voxel spacing that is taken for a CT's."""

Triple = tuple[float, float, float]


def _number(name: str, value: object, unit: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number of {unit}, not {value!r}.")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number of {unit}, not {value}.")
    return float(value) + 0.0  # no negative zero


def _triple(name: str, values: object) -> Triple:
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise TypeError(f"{name} must be three numbers (z, y, x) in mm, not {values!r}.")
    z, y, x = (_number(f"{name} ({axis})", v, "mm") for axis, v in zip("zyx", values, strict=True))
    return z, y, x


@dataclass(frozen=True, kw_only=True)
class IntensityFingerprint:
    """Intensity statistics of the training data's foreground, in HU.

    The published network's values are not available; whoever registers a model states them.
    """

    percentile_00_5_hu: float
    percentile_99_5_hu: float
    mean_hu: float
    sd_hu: float

    def __post_init__(self) -> None:
        for field in fields(self):
            value = _number(f"fingerprint.{field.name}", getattr(self, field.name), "HU")
            object.__setattr__(self, field.name, value)
        if self.percentile_00_5_hu >= self.percentile_99_5_hu:
            raise ValueError(
                f"fingerprint.percentile_00_5_hu ({self.percentile_00_5_hu} HU) must be below "
                f"fingerprint.percentile_99_5_hu ({self.percentile_99_5_hu} HU)."
            )
        if self.sd_hu <= 0:
            raise ValueError(f"fingerprint.sd_hu must be positive, not {self.sd_hu} HU.")


REFERENCE_FINGERPRINT = IntensityFingerprint(
    percentile_00_5_hu=-96.0, percentile_99_5_hu=226.0, mean_hu=71.3, sd_hu=58.9
)
"""The reference data's values: plausible for contrast-enhanced neck CT, not the published ones."""


@dataclass(frozen=True, kw_only=True)
class PreprocessingParameters:
    """Everything preprocessing needs besides the node itself.

    Attributes
    ----------
    fingerprint : IntensityFingerprint
        Clipping range, mean and standard deviation of the intensities, in HU.
    convention : str
        Name of the way masks are dilated and patches are cut (`CONVENTIONS`).
    target_spacing_zyx_mm : tuple of float
        Voxel spacing (z, y, x) that patches are resampled to, in mm.
    dilation_radius_mm : float
        In-plane radius of the dilated mask, in mm.
    patch_margin_zyx_mm : tuple of float
        Margin (z, y, x) around the node's bounding box, in mm.
    padding_hu : float
        Value of voxels outside the volume, in HU.
    ties_inside : bool
        Whether a mask value within 1e-6 of one half counts as inside. False decides by the last
        bit of the rounding, as the published code does.
    fold_fingerprints : tuple of IntensityFingerprint
        Of a model trained here: member of fold f sees inputs normalised by entry f (`of_fold`),
        computed without the patients of that fold. Empty where all members share `fingerprint`.
    """

    fingerprint: IntensityFingerprint
    convention: str = "P1"
    target_spacing_zyx_mm: Triple = (3.0, 0.46, 0.46)
    dilation_radius_mm: float = 5.0
    patch_margin_zyx_mm: Triple = (18.0, 20.0, 20.0)
    padding_hu: float = -1024.0
    ties_inside: bool = True
    fold_fingerprints: tuple[IntensityFingerprint, ...] = ()

    def __post_init__(self) -> None:
        if self.convention not in CONVENTIONS:
            raise ValueError(
                f"convention must be one of {', '.join(CONVENTIONS)}, not {self.convention!r}."
            )
        spacing = _triple("target_spacing_zyx_mm", self.target_spacing_zyx_mm)
        margin = _triple("patch_margin_zyx_mm", self.patch_margin_zyx_mm)
        radius = _number("dilation_radius_mm", self.dilation_radius_mm, "mm")
        check_spacing("target_spacing_zyx_mm", spacing)
        if min(margin) < 0:
            raise ValueError(f"patch_margin_zyx_mm must not be negative, but is {margin} mm.")
        if radius < 0:
            raise ValueError(f"dilation_radius_mm must not be negative, but is {radius} mm.")
        # Stored as floats, so that equal parameters have equal digests.
        object.__setattr__(self, "target_spacing_zyx_mm", spacing)
        object.__setattr__(self, "patch_margin_zyx_mm", margin)
        object.__setattr__(self, "dilation_radius_mm", radius)
        object.__setattr__(self, "padding_hu", _number("padding_hu", self.padding_hu, "HU"))
        if not isinstance(self.ties_inside, bool):
            raise TypeError(f"ties_inside must be true or false, not {self.ties_inside!r}.")

    def of_fold(self, fold: int) -> "PreprocessingParameters":
        """Return the parameters with which members of one fold see their inputs.

        Parameters
        ----------
        fold : int
            A member's fold.

        Returns
        -------
        PreprocessingParameters
            Without `fold_fingerprints`; the same for every fold where there were none.

        Raises
        ------
        ValueError
            If there are fingerprints per fold, but none for this one.
        """
        if not self.fold_fingerprints:
            return self
        if not 0 <= fold < len(self.fold_fingerprints):
            raise ValueError(
                f"fold_fingerprints has folds 0 to {len(self.fold_fingerprints) - 1}, not {fold}."
            )
        return replace(self, fingerprint=self.fold_fingerprints[fold], fold_fingerprints=())

    @property
    def inside_from(self) -> float:
        """The smallest interpolated mask value that counts as inside."""
        return 0.5 - 1e-6 if self.ties_inside else 0.5

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; `from_dict` reads them back."""
        values = asdict(self)
        for name in ("target_spacing_zyx_mm", "patch_margin_zyx_mm"):
            values[name] = list(values[name])
        # Absent where there are none: digests of models without them stay as they were.
        folds = values.pop("fold_fingerprints")
        return {**values, "fold_fingerprints": list(folds)} if folds else values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "PreprocessingParameters":
        """Read what `to_dict` wrote, or a person typed.

        Parameters
        ----------
        values : mapping
            `fingerprint` with its four numbers; the rest may be left to its default.

        Returns
        -------
        PreprocessingParameters

        Raises
        ------
        ValueError
            If a key is unknown or missing, or a number is out of its range.
        TypeError
            If a value is of another kind than expected.
        """
        _check_keys("preprocessing parameters", values, cls, required={"fingerprint"})
        folds = values.get("fold_fingerprints", ())
        if not isinstance(folds, list | tuple):
            raise TypeError(f"fold_fingerprints must be a list of fingerprints, not {folds!r}.")
        read = {
            "fingerprint": _fingerprint_from_dict(values["fingerprint"]),
            "fold_fingerprints": tuple(map(_fingerprint_from_dict, folds)),
        }
        return cls(**{**values, **read})

    def digest(self) -> str:
        """SHA-256 of the canonical JSON text (sorted keys, shortest exact decimals)."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode("ascii")).hexdigest()


def _fingerprint_from_dict(values: object) -> IntensityFingerprint:
    if not isinstance(values, Mapping):
        raise TypeError(f"fingerprint must be an object of four numbers in HU, not {values!r}.")
    names = {field.name for field in fields(IntensityFingerprint)}
    _check_keys("fingerprint", values, IntensityFingerprint, required=names)
    return IntensityFingerprint(**values)


def _check_keys(what: str, values: Mapping[str, Any], cls: Any, *, required: set[str]) -> None:
    known = [field.name for field in fields(cls)]
    unknown = [key for key in values if key not in known]
    if unknown:
        raise ValueError(f"{what}: unknown key {unknown[0]!r}; known are {', '.join(known)}.")
    missing = sorted(required - set(values))
    if missing:
        raise ValueError(f"{what}: {missing[0]!r} is missing.")


def check_spacing(name: str, spacing_zyx_mm: Sequence[float]) -> None:
    """Refuse a voxel spacing that no CT has, and that would make patches of any size.

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
