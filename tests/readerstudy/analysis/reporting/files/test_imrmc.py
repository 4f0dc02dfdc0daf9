"""The iMRMC file holds what the tables are computed from."""

import pytest

from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.analysis.reporting.files.imrmc import to_imrmc
from readerstudy.statistics import delong
from tests.readerstudy.analysis.reporting.files.studies import invented, invented_results


def _parsed(text: str) -> tuple[dict[str, int], dict[str, int], dict[tuple[str, str], dict]]:
    """Read a file as iMRMC does: keys of the header, then four values per line."""
    head, data = text.split("BEGIN DATA:\n")
    keys = {}
    for line in head.splitlines():
        if line[:3] in ("NR:", "N0:", "N1:", "NM:"):
            keys[line[:2]] = int(line[3:])
    truth: dict[str, int] = {}
    scores: dict[tuple[str, str], dict[str, float]] = {}
    for line in data.splitlines():
        reader, case, modality, score = line.split(",")
        if reader == "-1":
            assert modality == "0"
            truth[case] = int(score)
        else:
            scores.setdefault((reader, modality), {})[case] = float(score)
    return keys, truth, scores


@pytest.mark.parametrize("endpoint", Endpoint)
def test_the_header_counts_what_follows(endpoint: Endpoint) -> None:
    keys, truth, scores = _parsed(to_imrmc(invented(1), endpoint))
    assert keys["N1"] == sum(truth.values())
    assert keys["N0"] + keys["N1"] == len(truth)
    assert keys["NR"] == len({reader for reader, _ in scores}) == 3
    assert keys["NM"] == len({modality for _, modality in scores}) == 3
    assert all(case in truth for cases in scores.values() for case in cases)


def test_areas_of_the_file_are_those_of_the_report() -> None:
    [pooled] = [p for p in invented_results(1)["tables"]["parts"] if p["key"] == "pooled"]
    _, truth, scores = _parsed(to_imrmc(invented(1), Endpoint.ENE))
    for number, reader in enumerate(pooled["endpoints"]["ene"]["readers"], start=1):
        for modality in ("binary", "ordinal"):
            cases = scores[(str(number), f"readers_{modality}")]
            labels = [truth[case] for case in cases]
            area = delong.single(labels, list(cases.values())).estimate
            assert area == pytest.approx(reader[f"auc_{modality}"]["delong"]["estimate"], rel=1e-12)


def test_the_model_stands_under_a_reader_only_where_the_reader_called() -> None:
    _, _, scores = _parsed(to_imrmc(invented(1), Endpoint.METASTASIS))
    assert set(scores[("1", "model")]) <= set(scores[("1", "readers_binary")])
    assert set(scores[("1", "model")]) != set(scores[("2", "model")])


def test_the_plans_rule_for_undetermined_nodes_is_kept() -> None:
    left = _parsed(to_imrmc(invented(1), Endpoint.METASTASIS))[0]
    benign = _parsed(to_imrmc(invented(1), Endpoint.METASTASIS, undetermined="as_benign"))[0]
    assert benign["N0"] > left["N0"]
    assert benign["N1"] == left["N1"]
    with pytest.raises(ValueError, match="undetermined"):
        to_imrmc(invented(1), Endpoint.ENE, undetermined="drop")
