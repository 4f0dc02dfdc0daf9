"""When the model calls a node positive: by its score or probability, at or above a threshold."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.analysis.computing.endpoints import Endpoint
from readerstudy.analysis.computing.model_calls import CHOSEN_BEFORE, FIXED, Cut, ModelRule

SCORES = np.array([0.2, 0.5, 0.8])


@pytest.mark.parametrize(
    ("cut", "called"),
    [
        (Cut(name=FIXED, threshold=0.5), [False, True, True]),
        (Cut(name=FIXED, threshold=0.5, strict=True), [False, False, True]),
        (Cut(name=FIXED, threshold=None), [False, False, False]),
        # The probability of every one of these logits is above one half.
        (Cut(name=FIXED, threshold=0.5, on_probability=True), [True, True, True]),
        (Cut(name=FIXED, threshold=0.65, on_probability=True), [False, False, True]),
    ],
)
def test_which_scores_are_called_positive(cut, called):
    assert cut.calls(SCORES).tolist() == called


def test_a_logit_of_zero_lies_at_one_half():
    zero = np.zeros(1)
    assert Cut(name=FIXED, threshold=0.5, on_probability=True).calls(zero).tolist() == [True]
    strict = Cut(name=FIXED, threshold=0.5, on_probability=True, strict=True)
    assert strict.calls(zero).tolist() == [False]


def test_a_fixed_threshold_belongs_to_its_endpoint():
    rule = ModelRule(thresholds={"metastasis": 0.3, "ene": 0.7}, logits=True, strict=True)
    for endpoint, threshold in zip(Endpoint, (0.3, 0.7, 0.7), strict=True):
        cut = rule.fixed_cut(endpoint)
        assert (cut.name, cut.threshold, cut.chosen_on) == (FIXED, threshold, CHOSEN_BEFORE)
        assert cut.on_probability
        assert cut.strict
    only = ModelRule(thresholds={"ene": 0.7})
    assert only.fixed_cut(Endpoint.METASTASIS) is None
    assert only.fixed_cut(Endpoint.ENE_AMONG_METASTATIC).threshold == 0.7


def test_probabilities_are_scores_within_zero_and_one_or_the_logistic_of_logits():
    assert ModelRule().probabilities(SCORES) is SCORES
    for outside in (-0.01, 1.01):
        assert ModelRule().probabilities(np.array([0.5, outside])) is None
    logistic = ModelRule(logits=True).probabilities(np.array([-2.0, 0.0]))
    assert logistic.tolist() == pytest.approx([1 / (1 + math.exp(2)), 0.5])


def test_categories_follow_the_published_rule():
    rule = ModelRule(thresholds={"metastasis": 0.5, "ene": 0.5})
    metastasis = np.array([0.1, 0.1, 0.9, 0.9, np.nan, 0.9])
    ene = np.array([0.1, 0.9, 0.1, 0.9, 0.9, np.nan])
    assert rule.categories(metastasis, ene).tolist() == [0, 0, 1, 2, -1, -1]
    assert ModelRule(thresholds={"ene": 0.5}).categories(metastasis, ene) is None


@given(
    st.lists(st.floats(-5, 5), max_size=20),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.booleans(),
    st.booleans(),
)
def test_a_higher_threshold_calls_no_more(values, one, two, logits, strict):
    low, high = (
        Cut(name=FIXED, threshold=at, on_probability=logits, strict=strict)
        for at in sorted((one, two))
    )
    scores = np.array(values)
    assert not (high.calls(scores) & ~low.calls(scores)).any()
