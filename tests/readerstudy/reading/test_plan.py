"""The plan's document: there and back for every plan, and every refusal by its field."""

import copy
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readerstudy.reading import plan as plans
from readerstudy.reading.plan import PlanError, default_plan, document_of, plan_from
from readerstudy.reading.plan_subgroups import CATEGORICAL, NUMERIC, Subgroup
from readerstudy.reading.plan_words import changes_between, summary_of

pytestmark = pytest.mark.no_database

OLD = {
    "endpoints": ["metastasis", "ene", "ene_among_metastatic"],
    "reader_view": "binary",
    "primary": {
        "endpoint": "ene",
        "measure": "auc",
        "comparison": "model_vs_each_reader",
        "test": "delong_paired",
    },
    "alpha": 0.05,
    "missing": "complete_cases",
}
"""The only plan a study could have before plans could be changed."""


def some(known):
    return st.lists(st.sampled_from(known), min_size=1, unique=True)


def edges():
    numbers = st.floats(0.01, 1000, allow_nan=False)
    return st.lists(numbers, min_size=1, max_size=10, unique=True).map(sorted)


@st.composite
def documents(draw):
    endpoints, views = draw(some(plans.ENDPOINTS)), draw(some(plans.VIEWS))
    clustering = draw(st.sampled_from(plans.CLUSTERINGS))
    comparison = draw(st.sampled_from(plans.COMPARISONS))
    tests = {"delong"}
    tests |= {"patient_clustered"} if clustering == "patient" else set()
    tests |= {"random_readers"} if comparison == "model_vs_reader_mean" else set()
    margin = draw(st.none() | st.floats(0.001, 0.5))
    variables = draw(st.lists(st.sampled_from(NUMERIC + CATEGORICAL), unique=True))
    return {
        "schema_version": 2,
        "endpoints": endpoints,
        "views": views,
        "primary": {
            "endpoint": draw(st.sampled_from(endpoints)),
            "view": draw(st.sampled_from(views)),
            "comparison": comparison,
            "test": draw(st.sampled_from(sorted(tests))),
            "hypothesis": "difference" if margin is None else "non_inferiority",
            "margin": margin,
        },
        "alpha": draw(st.floats(1e-6, 0.2)),
        "multiplicity": draw(st.sampled_from(plans.MULTIPLICITIES)),
        "thresholds": {
            "source": draw(st.sampled_from(plans.THRESHOLD_SOURCES)),
            "fpr_percent": sorted(draw(st.sets(st.integers(1, 99), min_size=1, max_size=10))),
        },
        "missing": {
            "calls": draw(st.sampled_from(plans.MISSING_CALLS)),
            "undetermined": draw(st.sampled_from(plans.UNDETERMINED)),
        },
        "clustering": clustering,
        "subgroups": [
            {"variable": name} | ({"edges": draw(edges())} if name in NUMERIC else {})
            for name in variables
        ],
        "patient_level": draw(st.sampled_from(plans.PATIENT_LEVELS)),
        "bootstrap_replicates": draw(st.integers(200, 100_000)),
    }


@settings(max_examples=200, deadline=None)
@given(documents())
def test_a_plan_is_the_same_after_its_document(document):
    plan = plan_from(document)
    written = json.loads(json.dumps(document_of(plan)))
    assert plan_from(written) == plan
    assert document_of(plan_from(written)) == written
    # Nothing but the order of lists that have none of their own.
    for key in document.keys() - {"endpoints", "views", "subgroups"}:
        assert written[key] == document[key]
    for key in ("endpoints", "views"):
        assert sorted(written[key]) == sorted(document[key])
    by_variable = {entry["variable"]: entry for entry in document["subgroups"]}
    assert {entry["variable"]: entry for entry in written["subgroups"]} == by_variable


@settings(max_examples=100, deadline=None)
@given(documents())
def test_every_plan_has_words(document):
    lines = summary_of(plan_from(document))
    assert [line.heading for line in lines] == [
        line.heading for line in summary_of(plan_from(default_plan()))
    ]
    assert all(line.text for line in lines)


@settings(max_examples=100, deadline=None)
@given(documents(), documents())
def test_plans_that_differ_read_differently(one, other):
    before, after = plan_from(one), plan_from(other)
    close = {"alpha", "primary", "subgroups"}  # numbers are written with ten digits
    rest = [{k: v for k, v in document_of(p).items() if k not in close} for p in (before, after)]
    if rest[0] != rest[1]:
        assert changes_between(before, after)
    assert changes_between(before, before) == ()


def test_the_default_keeps_every_rule_and_is_written_as_it_is_kept():
    assert document_of(plan_from(default_plan())) == default_plan()


def test_a_default_is_a_copy():
    default_plan()["primary"]["endpoint"] = "metastasis"
    assert default_plan()["primary"]["endpoint"] == "ene"


def test_a_plan_of_the_schema_before_is_read():
    plan = plan_from(OLD)
    assert plan.endpoints == ("metastasis", "ene", "ene_among_metastatic")
    assert (plan.primary.endpoint, plan.primary.view) == ("ene", "binary")
    assert (plan.primary.comparison, plan.primary.test) == ("model_vs_each_reader", "delong")
    assert (plan.primary.hypothesis, plan.primary.margin) == ("difference", None)
    assert (plan.alpha, plan.multiplicity, plan.subgroups) == (0.05, "none", ())
    assert (plan.missing.calls, plan.missing.undetermined) == ("complete_pairs", "leave_out")
    assert plan.thresholds.source == "chosen_here"
    assert plan_from(document_of(plan)) == plan


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reader_view", "confidence"),
        ("primary.measure", "sensitivity"),
        ("primary.test", "delong"),
        ("primary.comparison", "readers"),
        ("missing", "imputed"),
        ("alpha", 0),
        ("endpoints", []),
        ("views", ["binary"]),
    ],
)
def test_a_plan_of_the_schema_before_is_refused_by_field(field, value):
    with pytest.raises(PlanError) as refusal:
        plan_from(changed(OLD, field, value))
    assert refusal.value.field == field


def changed(document, field, value):
    """The document with one place set; ``absent`` takes the place away."""
    document = copy.deepcopy(document)
    *path, last = field.split(".")
    inner = document
    for part in path:
        inner = inner[part]
    if value is absent:
        del inner[last]
    else:
        inner[last] = value
    return document


absent = object()

FIELDS = [
    "endpoints",
    "views",
    "primary",
    "primary.endpoint",
    "primary.view",
    "primary.comparison",
    "primary.test",
    "primary.hypothesis",
    "primary.margin",
    "alpha",
    "multiplicity",
    "thresholds",
    "thresholds.source",
    "thresholds.fpr_percent",
    "missing",
    "missing.calls",
    "missing.undetermined",
    "clustering",
    "subgroups",
    "patient_level",
    "bootstrap_replicates",
]


@pytest.mark.parametrize("field", FIELDS)
def test_a_field_left_out_is_named(field):
    with pytest.raises(PlanError, match="is missing: give it") as refusal:
        plan_from(changed(default_plan(), field, absent))
    assert refusal.value.field == field


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["surprise", True, {"a": 1}, [["x"]], -1, float("nan")])
def test_a_value_of_no_use_is_named(field, value):
    with pytest.raises(PlanError) as refusal:
        plan_from(changed(default_plan(), field, value))
    assert refusal.value.field.startswith(field)
    assert str(refusal.value) == f"{refusal.value.field}: {refusal.value.sentence}"


@pytest.mark.parametrize("field", ["notes", "primary.measure", "thresholds.cut", "missing.truth"])
def test_a_field_too_many_is_named(field):
    with pytest.raises(PlanError, match="is not a field of a plan") as refusal:
        plan_from(changed(default_plan(), field, 1))
    assert refusal.value.field == field


NON_INFERIORITY = {"hypothesis": "non_inferiority", "margin": 0.05}


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"schema_version": 3}, "schema_version", "give 2"),
        ({"schema_version": True}, "schema_version", "give 2"),
        ({"endpoints": ["ene", "ene"]}, "endpoints", "twice"),
        ({"endpoints": ["ene", "sad"]}, "endpoints", "choose one of"),
        ({"endpoints": "ene"}, "endpoints", "at least one"),
        ({"views": []}, "views", "at least one"),
        ({"endpoints": ["metastasis"]}, "primary.endpoint", "add it there"),
        ({"views": ["ordinal"]}, "primary.view", "add it there"),
        ({"primary.hypothesis": "non_inferiority"}, "primary.margin", "needs a margin"),
        ({"primary.margin": 0.05}, "primary.margin", "has no margin"),
        (
            {"primary.hypothesis": "non_inferiority", "primary.margin": 0},
            "primary.margin",
            "above 0",
        ),
        (
            {"primary.hypothesis": "non_inferiority", "primary.margin": 0.51},
            "primary.margin",
            "at most 0.5",
        ),
        (
            {"primary.test": "random_readers", "primary.comparison": "model_vs_each_reader"},
            "primary.test",
            "mean reader",
        ),
        ({"clustering": "none"}, "clustering", "by patient"),
        ({"alpha": 0}, "alpha", "above 0"),
        ({"alpha": 0.21}, "alpha", "at most 0.2"),
        ({"alpha": "0.05"}, "alpha", "give a number"),
        ({"thresholds.fpr_percent": []}, "thresholds.fpr_percent", "1 to 10"),
        ({"thresholds.fpr_percent": list(range(1, 12))}, "thresholds.fpr_percent", "1 to 10"),
        ({"thresholds.fpr_percent": [10, 5]}, "thresholds.fpr_percent", "ascending"),
        ({"thresholds.fpr_percent": [5, 5]}, "thresholds.fpr_percent", "ascending"),
        ({"thresholds.fpr_percent": [2.5]}, "thresholds.fpr_percent", "whole number"),
        ({"thresholds.fpr_percent": [0]}, "thresholds.fpr_percent", "from 1 to 99"),
        ({"thresholds.fpr_percent": [100]}, "thresholds.fpr_percent", "from 1 to 99"),
        ({"bootstrap_replicates": 199}, "bootstrap_replicates", "from 200"),
        ({"bootstrap_replicates": 100_001}, "bootstrap_replicates", "to 100000"),
        ({"bootstrap_replicates": 10**400}, "bootstrap_replicates", "to 100000"),
        ({"bootstrap_replicates": float("inf")}, "bootstrap_replicates", "whole"),
        ({"subgroups": [{"variable": "cohort"}]}, "subgroups.1.variable", "anyway"),
        ({"subgroups": [{"variable": "weight"}]}, "subgroups.1.variable", "choose one of"),
        ({"subgroups": [{"variable": "sad"}]}, "subgroups.1.edges", "is missing"),
        ({"subgroups": [{"variable": "sad", "edges": []}]}, "subgroups.1.edges", "1 to 10"),
        (
            {"subgroups": [{"variable": "sex"}, {"variable": "age", "edges": [60, 50]}]},
            "subgroups.2.edges",
            "ascending",
        ),
        ({"subgroups": [{"variable": "age", "edges": [0]}]}, "subgroups.1.edges", "above 0"),
        ({"subgroups": [{"variable": "age", "edges": [10**400]}]}, "subgroups.1.edges", "1000"),
        ({"subgroups": [{"variable": "age", "edges": ["60"]}]}, "subgroups.1.edges", "numbers"),
        (
            {"subgroups": [{"variable": "age", "edges": list(range(1, 12))}]},
            "subgroups.1.edges",
            "1 to 10",
        ),
        (
            {"subgroups": [{"variable": "sex", "edges": [1]}]},
            "subgroups.1.edges",
            "values of its own",
        ),
        ({"subgroups": [{"variable": "sex"}, {"variable": "sex"}]}, "subgroups", "twice"),
        (
            {"subgroups": [{"variable": "sex", "cut": 1}]},
            "subgroups.1.cut",
            "is not a field of a plan",
        ),
        ({"subgroups": ["sex"]}, "subgroups.1", "object"),
    ],
)
def test_a_rule_that_is_broken_is_named(changes, field, said):
    document = default_plan()
    for place, value in changes.items():
        document = changed(document, place, value)
    with pytest.raises(PlanError, match=said) as refusal:
        plan_from(document)
    assert refusal.value.field == field


@pytest.mark.parametrize("document", [None, [], "plan", 3])
def test_what_is_no_object_is_no_plan(document):
    with pytest.raises(PlanError, match="plan: give an object"):
        plan_from(document)


def test_numbers_and_names_are_kept_in_one_form():
    wanted = default_plan() | {
        "endpoints": ["ene", "metastasis"],
        "subgroups": [{"variable": "sex"}, {"variable": "sad", "edges": [5, 10]}],
    }
    plan = plan_from(changed(wanted, "thresholds.fpr_percent", [5.0, 10]))
    assert plan.endpoints == ("metastasis", "ene")
    assert plan.thresholds.fpr_percent == (5, 10)
    assert plan.subgroups == (
        Subgroup(variable="sad", edges=(5.0, 10.0)),
        Subgroup(variable="sex"),
    )


def lines(document):
    return {line.heading: line.text for line in summary_of(plan_from(document))}


def test_the_words_say_the_bands_and_their_unit():
    wanted = default_plan() | {"subgroups": [{"variable": "sad", "edges": [5, 10]}]}
    assert lines(wanted)["Subgroups"] == (
        "cohort; short-axis diameter (below 5 mm, 5 to below 10 mm, 10 mm and above)"
    )


def test_the_words_say_what_non_inferiority_means():
    wanted = default_plan()
    wanted["primary"] |= NON_INFERIORITY
    assert lines(wanted)["Hypothesis"] == (
        "the model is not inferior: its AUC falls short by less than 0.05"
    )
    assert lines(wanted)["Significance level"].endswith("one-sided at half of it, 0.025")
    assert lines(default_plan())["Significance level"] == "0.05, two-sided"


def test_a_change_is_told_with_both_sides():
    before, after = plan_from(default_plan()), plan_from(default_plan() | {"alpha": 0.01})
    (change,) = changes_between(before, after)
    assert (change.heading, change.before, change.after) == (
        "Significance level",
        "0.05, two-sided",
        "0.01, two-sided",
    )
