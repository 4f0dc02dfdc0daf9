"""Analysis room: how far readers agree with each other, whatever the reference standard says."""

import numpy as np
import numpy.typing as npt

from readerstudy.analysis.computing.endpoints import CATEGORIES
from readerstudy.analysis.computing.node_sets import MISSING, NodeSet, positive
from readerstudy.analysis.computing.plain import Plain, plain
from readerstudy.analysis.computing.setting import Setting
from readerstudy.statistics.agreement import gwet_ac
from readerstudy.statistics.fleiss import fleiss_kappa
from readerstudy.statistics.krippendorff import krippendorff_alpha
from readerstudy.statistics.pairwise import pairwise_agreement

FloatArray = npt.NDArray[np.float64]
BINARY = (0, 1)


def agreement_block(nodes: NodeSet, setting: Setting) -> dict[str, Plain]:
    """Return Fleiss' kappa of the three categories and of the endpoint's two, and what goes beside.

    Parameters
    ----------
    nodes : NodeSet
        The endpoint's nodes. Missing calls stay missing here, whatever the plan says of them: a
        call nobody made agrees with nothing.
    setting : Setting

    Returns
    -------
    dict
        ``three_categories`` and ``binary`` (Fleiss); for whole parts also ``gwet_ac1``,
        ``krippendorff`` and ``cohen_pairs``, each for both codings.
    """
    calls = nodes.columns.calls[nodes.index]
    if not calls.size:
        return {"three_categories": None, "binary": None}
    missing = calls == MISSING
    three = np.where(missing, np.nan, calls.astype(np.float64))
    two = np.where(missing, np.nan, positive(calls, nodes.endpoint).astype(np.float64))
    coded = {"three_categories": (three, CATEGORIES), "binary": (two, BINARY)}
    block: dict[str, Plain] = {
        name: plain(
            fleiss_kappa(
                ratings, categories=categories, patients=nodes.patients, level=setting.level
            )
        )
        for name, (ratings, categories) in coded.items()
    }
    if setting.whole:
        for name, (ratings, categories) in coded.items():
            block[f"{name}_besides"] = _besides(ratings, categories, setting.level)
    return block


def _besides(ratings: FloatArray, categories: tuple[int, ...], level: float) -> dict[str, Plain]:
    ordinal = len(categories) > len(BINARY)
    return {
        "gwet_ac1": plain(gwet_ac(ratings, categories=categories, level=level)),
        "krippendorff_nominal": plain(
            krippendorff_alpha(ratings, categories=categories, level=level)
        ),
        "krippendorff_ordinal": plain(
            krippendorff_alpha(ratings, categories=categories, difference="ordinal", level=level)
        )
        if ordinal
        else None,
        "cohen_pairs": plain(pairwise_agreement(ratings, categories=categories, level=level)),
    }
