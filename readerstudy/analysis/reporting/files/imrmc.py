"""Analysis room: the nodes and scores of an endpoint as an input file of iMRMC (pure)."""

from collections.abc import Iterator, Sequence

from readerstudy.analysis.computing.endpoints import Endpoint, NodeRow, StudyTable, is_positive

TRUTH_READER, TRUTH_MODALITY = "-1", "0"
BINARY, ORDINAL, MODEL = "readers_binary", "readers_ordinal", "model"
FILLED = {"leave_out": None, "as_benign": 0, "as_metastasis": 1}
"""Category of a node without one in the reference standard, by the plan's rule."""


def to_imrmc(table: StudyTable, endpoint: Endpoint, *, undetermined: str = "leave_out") -> str:
    """Return an endpoint as the text of an ``.imrmc`` file.

    A free header with ``NR:``, ``N0:``, ``N1:`` and ``NM:``, the line ``BEGIN DATA:``, then one
    line per observation: readerID, caseID, modalityID, score. The true state of a case stands under
    reader -1 and modality 0, as 0 or 1.

    iMRMC compares two modalities, each read by the same readers, so the model is written as a
    modality that gives every reader the same score: treatments *reader* and *model* with the
    model's score replicated. The P value of readers against the model is then that of
    ``random_readers.readers_minus_model`` with the covariance of the U-statistics.
    A reader has lines, and the model has lines under that reader, only for nodes the reader
    called (and, for the model, that it scored): both sides of a comparison rest on the same nodes.
    The study need not be fully crossed; iMRMC leaves missing observations out by its own weights.

    Parameters
    ----------
    table : StudyTable
    endpoint : Endpoint
    undetermined : {"leave_out", "as_benign", "as_metastasis"}
        The plan's rule for nodes without a category in the reference standard.

    Returns
    -------
    str
        ``caseID`` is the line of the node in ``dataset.csv``, counted from 1 below the header;
        readers are numbered from 1 in the order of the header, which names them. Nodes are taken
        as independent: iMRMC knows no patients.

    Raises
    ------
    ValueError
        If the rule is unknown.

    References
    ----------
    Gallas BD et al. Commun Stat Theory Methods 2009;38:2586. doi:10.1080/03610920802610084
    iMRMC, Division of Imaging, Diagnostics and Software Reliability, FDA: user manual, *Input
    file*; https://github.com/DIDSR/iMRMC
    """
    if undetermined not in FILLED:
        raise ValueError(f"undetermined must be one of {sorted(FILLED)}, not {undetermined!r}")
    truths = _truths(table, endpoint, FILLED[undetermined])
    observed = list(_observations(table, endpoint, truths))
    used = {case for _, case, _, _ in observed}
    states = {case: state for case, state in truths.items() if case in used}
    lines = _header(table.readers, endpoint, states, {modality for _, _, modality, _ in observed})
    lines += [f"{TRUTH_READER},{case},{TRUTH_MODALITY},{state}" for case, state in states.items()]
    lines += [f"{reader},{case},{modality},{score!r}" for reader, case, modality, score in observed]
    return "\n".join(lines) + "\n"


def _ordered(table: StudyTable) -> list[tuple[int, NodeRow]]:
    return list(enumerate(sorted(table.rows, key=lambda row: row.key), start=1))


def _truths(table: StudyTable, endpoint: Endpoint, filled: int | None) -> dict[int, int]:
    states = {}
    for case, row in _ordered(table):
        truth = filled if row.truth is None else row.truth
        left_out = endpoint is Endpoint.ENE_AMONG_METASTATIC and truth == 0
        if truth is not None and not left_out:
            states[case] = int(is_positive(truth, endpoint))
    return states


def _observations(
    table: StudyTable, endpoint: Endpoint, truths: dict[int, int]
) -> Iterator[tuple[int, int, str, float]]:
    for number, reader in enumerate(table.readers, start=1):
        for case, row in _ordered(table):
            call = row.calls[reader]
            if case not in truths or call is None:
                continue
            yield number, case, BINARY, float(is_positive(call, endpoint))
            yield number, case, ORDINAL, float(call)
            asked = endpoint is Endpoint.METASTASIS
            score = row.score_metastasis if asked else row.score_ene
            if score is not None:
                yield number, case, MODEL, score


def _header(
    readers: Sequence[str], endpoint: Endpoint, states: dict[int, int], modalities: set[str]
) -> list[str]:
    positives = sum(states.values())
    # The parser looks for its keys anywhere in a header line; names must not look like one.
    names = [f"Reader {n}: {_plain(reader)}" for n, reader in enumerate(readers, start=1)]
    return [
        f"Nodewise, endpoint {endpoint.value}",
        "Cases: lines of dataset.csv, counted from 1 below its header",
        *names,
        f"NR: {len(readers)}",
        f"N0: {len(states) - positives}",
        f"N1: {positives}",
        f"NM: {len(modalities)}",
        "BEGIN DATA:",
    ]


def _plain(name: str) -> str:
    return " ".join(name.replace(":", " ").split())
