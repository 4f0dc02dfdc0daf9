"""From a report and nodes to the range of AUCs, checked against every labeling tried."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.pathology_rules.identifiability import Seen, identify, n_labelings, sets_of
from annotation.pathology_rules.labels import Basis, LabelledNode
from readerstudy.analysis.computing.consistent_truth import PatientChoices, auc_by_identifiability
from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.statistics.roc import placements
from tests.annotation.pathology_rules.reports import place, report, rows
from tests.annotation.pathology_rules.truths import truths


def labelings(groups):
    """Every way to give the nodes their category, as {node: category}."""
    ways = []
    for group in groups:
        ways.append(
            [
                dict.fromkeys(group.nodes, 0) | dict.fromkeys(outer, 1) | dict.fromkeys(inner, 2)
                for outer, inner in product(
                    sets_of(group, group.metastasis), sets_of(group, group.ene)
                )
                if set(inner) <= set(outer)
            ]
        )
    for parts in product(*ways):
        yield {node: category for part in parts for node, category in part.items()}


def auc_of(categories, scores, endpoint):
    nodes = sorted(categories)
    if endpoint is Endpoint.ENE_AMONG_METASTATIC:
        nodes = [node for node in nodes if categories[node] > 0]
    least = 1 if endpoint is Endpoint.METASTASIS else 2
    labels = np.array([int(categories[node] >= least) for node in nodes], dtype=int)
    return placements(labels, np.array([scores[node] for node in nodes], dtype=float)).auc


@settings(max_examples=120, deadline=None)
@given(truths(), st.data(), st.sampled_from(list(Endpoint)), st.sampled_from(list(Seen)))
def test_the_range_is_that_of_all_labelings(truth, data, endpoint, seen):
    nodes = truth.labelling.nodes[:7]
    groups = [one for one in identify(truth.report, nodes, seen) if one.metastasis]
    numbers = [number for group in groups for number in group.nodes]
    scores = {number: float(data.draw(st.integers(0, 5))) for number in numbers}
    label = {node.number: node.label for node in nodes}
    patient = PatientChoices(
        groups=identify(truth.report, nodes, seen),
        position={number: at for at, number in enumerate(numbers)},
    )
    found = auc_by_identifiability(
        [label[number] for number in numbers],
        [scores[number] for number in numbers],
        [patient],
        endpoint,
    )
    aucs = [auc_of(way, scores, endpoint) for way in labelings(groups)]
    aucs = [auc for auc in aucs if auc is not None]
    assert found.on_all == auc_of({n: label[n] for n in numbers}, scores, endpoint)
    if not aucs:
        return
    if found.range.is_exact:
        assert found.range.lowest == pytest.approx(min(aucs), abs=1e-12)
        assert found.range.highest == pytest.approx(max(aucs), abs=1e-12)
    assert found.range.lowest <= min(aucs) + 1e-12
    assert found.range.highest >= max(aucs) - 1e-12
    if found.contradicting == 0 and found.on_all is not None:
        assert found.range.lowest - 1e-12 <= found.on_all <= found.range.highest + 1e-12
    forced = [number for one in groups if n_labelings(one) == 1 for number in one.nodes]
    if endpoint is Endpoint.ENE_AMONG_METASTATIC:
        assert found.n_forced == sum(label[number] > 0 for number in forced)


@settings(max_examples=120, deadline=None)
@given(truths(), st.data(), st.sampled_from(list(Endpoint)))
def test_a_node_without_a_score_leaves_the_range_of_the_others(truth, data, endpoint):
    nodes = truth.labelling.nodes[:7]
    groups = [one for one in identify(truth.report, nodes) if one.metastasis]
    numbers = [number for group in groups for number in group.nodes]
    scores = {
        number: data.draw(st.sampled_from([np.nan, 0.0, 1.0, 2.0, 3.0])) for number in numbers
    }
    patient = PatientChoices(
        groups=tuple(groups), position={number: at for at, number in enumerate(numbers)}
    )
    found = auc_by_identifiability(
        [0] * len(numbers), [scores[number] for number in numbers], [patient], endpoint
    )
    kept = [number for number in numbers if not np.isnan(scores[number])]
    aucs = [
        auc_of({number: way[number] for number in kept}, scores, endpoint)
        for way in labelings(groups)
    ]
    aucs = [auc for auc in aucs if auc is not None]
    if aucs:
        assert found.range.lowest <= min(aucs) + 1e-12
        assert found.range.highest >= max(aucs) - 1e-12
        if found.range.is_exact:
            assert found.range.lowest == pytest.approx(min(aucs), abs=1e-12)
            assert found.range.highest == pytest.approx(max(aucs), abs=1e-12)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="as long"):
        auc_by_identifiability([0, 1], [0.5], [], Endpoint.ENE)


def test_a_node_in_two_groups_is_refused():
    nodes = [
        LabelledNode(number=n, own=place("L III"), label=0, sad_mm=8.0, basis=Basis.GUESS)
        for n in (1, 2)
    ]
    (group,) = identify(report(*rows(L_III=(9, 1, 0))), nodes)
    patient = PatientChoices(groups=(group, group), position={1: 0, 2: 1})
    with pytest.raises(ValueError, match="several groups"):
        auc_by_identifiability([0, 1], [0.5, 0.6], [patient], Endpoint.METASTASIS)
