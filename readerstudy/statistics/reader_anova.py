"""Statistics library: mean squares and error covariances of a treatment x reader table."""

from dataclasses import dataclass

import numpy as np

from readerstudy.statistics.inputs import FloatArray
from readerstudy.statistics.tails import ROUNDING

_AXES = 2


@dataclass(frozen=True, kw_only=True)
class ReaderAnova:
    """Mean squares and error (co)variances of the treatment x reader table.

    Attributes
    ----------
    ms_treatment, ms_reader, ms_treatment_reader : float
    var : float
        Mean variance of one area.
    cov1, cov2, cov3 : float
        Mean covariance: same reader and other treatment, other reader and same treatment, both
        other.
    var_reader, var_treatment_reader : float
        Components, which can be negative: (MSR - MSTR)/t - Cov1 + Cov3 and
        MSTR - Var + Cov1 + Cov2 - Cov3.
    """

    ms_treatment: float
    ms_reader: float
    ms_treatment_reader: float
    var: float
    cov1: float
    cov2: float
    cov3: float
    var_reader: float
    var_treatment_reader: float


def reader_anova(areas: FloatArray, blocks: FloatArray) -> ReaderAnova:
    """Return the two-way table's mean squares and its error covariances.

    Parameters
    ----------
    areas : ndarray of float64, shape (treatments, readers)
        At least two of each.
    blocks : ndarray of float64, shape (treatments, readers, treatments, readers)
        Covariance of the areas.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596, section 2. doi:10.1002/sim.2532
    """
    t, r = areas.shape
    by_treatment, by_reader, grand = areas.mean(axis=1), areas.mean(axis=0), areas.mean()
    ms_t = float(r * ((by_treatment - grand) ** 2).sum() / (t - 1))
    ms_r = float(t * ((by_reader - grand) ** 2).sum() / (r - 1))
    rest = areas - by_treatment[:, None] - by_reader[None, :] + grand
    ms_tr = float((rest**2).sum() / ((t - 1) * (r - 1)))
    ms_tr = 0.0 if ms_tr <= ROUNDING**2 else ms_tr
    var, cov1, cov2, cov3 = mean_covariances(blocks)
    return ReaderAnova(
        ms_treatment=ms_t,
        ms_reader=ms_r,
        ms_treatment_reader=ms_tr,
        var=var,
        cov1=cov1,
        cov2=cov2,
        cov3=cov3,
        var_reader=(ms_r - ms_tr) / t - cov1 + cov3,
        var_treatment_reader=ms_tr - var + cov1 + cov2 - cov3,
    )


def mean_covariances(blocks: FloatArray) -> tuple[float, float, float, float]:
    """Average the covariance blocks to Var, Cov1, Cov2 and Cov3 (0 where there is no such pair)."""
    t, r = blocks.shape[:_AXES]
    same_t = np.eye(t, dtype=bool)[:, None, :, None]
    same_r = np.eye(r, dtype=bool)[None, :, None, :]
    masks = (same_t & same_r, ~same_t & same_r, same_t & ~same_r, ~same_t & ~same_r)
    picked = [blocks[np.broadcast_to(mask, blocks.shape)] for mask in masks]
    var, cov1, cov2, cov3 = (float(part.mean()) if part.size else 0.0 for part in picked)
    return var, cov1, cov2, cov3
