"""Which model a conclusion may rest on, and that every file and page says so."""

import csv
import io
import json

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from cohorts import storage
from cohorts.models import NodeMask
from inference.models import ModelMember, ModelVersion, Prediction
from inference.selectors import shortcoming_of as version_shortcoming
from readerstudy.analysis import comparator, pipeline, selectors, services
from readerstudy.analysis.models import AnalysisDataset, AnalysisRun
from tests.readerstudy.reading.test_plan import OLD as OLD_PLAN

NOTICE = "Exploratory: untrained model, no conclusion may rest on it."


def version(name, *, provenance="untrained", members=0, expected=25, thresholds=None):
    made = ModelVersion.objects.create(
        name=name,
        architecture="DeepENE",
        provenance=provenance,
        expected_members=expected,
        thresholds=thresholds or {},
        digest=name.encode().hex().ljust(64, "0")[:64],
    )
    for number in range(members):
        ModelMember.objects.create(
            model_version=made, run=number // 5, fold=number % 5, sha256=f"{number:064x}"
        )
    for mask in NodeMask.objects.all():
        Prediction.objects.create(
            model_version=made,
            node=mask.node,
            mask_digest=mask.digest,
            metastasis_score=float(mask.node.number),
            ene_score=float(mask.node.number - 3),
            metastasis_probability=0.5,
            ene_probability=mask.node.number / 10,
            code_version="test",
        )
    return made


def freeze(people, study, model, **more):
    return services.freeze_dataset(by=people.statistician, study=study, model=model, **more)


def finished(people, dataset):
    run = services.request_analysis(by=people.statistician, dataset=dataset)
    pipeline.run_analysis(run.pk)
    run.refresh_from_db()
    assert run.results_key, run.error
    return run


@pytest.mark.parametrize(
    ("provenance", "members", "sentence"),
    [
        ("untrained", 25, "untrained model"),
        ("published", 17, "incomplete ensemble, 17 of 25 members"),
        ("trained_here", 24, "incomplete ensemble, 24 of 25 members"),
    ],
)
def test_what_no_conclusion_may_rest_on_cannot_be_primary(
    people, closed, provenance, members, sentence
):
    model = version("Weak", provenance=provenance, members=members)
    with pytest.raises(ValidationError, match="cannot be the primary model") as caught:
        freeze(people, closed, model, role="primary")
    assert caught.value.code == "not_primary"
    assert sentence in str(caught.value)
    assert not AnalysisDataset.objects.exists()
    dataset = freeze(people, closed, model)
    assert dataset.labels["model_role"] == "exploratory"
    assert sentence in dataset.labels["model_notice"]
    # The two floors judge alike.
    assert version_shortcoming(model) == comparator.shortcoming_of(dataset.sources["model"])


@pytest.mark.parametrize("provenance", ["published", "trained_here"])
def test_a_complete_trained_version_is_primary_unless_it_is_said_otherwise(
    people, closed, provenance
):
    model = version("Sound", provenance=provenance, members=25)
    first = freeze(people, closed, model)
    assert (first.labels["model_role"], first.labels["model_notice"]) == ("primary", "")
    second = freeze(people, closed, model, role="exploratory")
    assert second.labels["model_role"] == "exploratory"
    assert "not frozen as the primary one" in second.labels["model_notice"]
    assert second.digest != first.digest


def test_imported_scores_may_be_primary(people, closed, model):
    dataset = freeze(people, closed, model, role="primary")
    assert dataset.labels["model_role"] == "primary"
    assert dataset.labels["model_members"] == ""


def test_an_unknown_role_is_refused_and_readers_alone_have_none(people, closed, model):
    with pytest.raises(ValidationError) as caught:
        freeze(people, closed, model, role="secondary")
    assert caught.value.code == "role"
    dataset = freeze(people, closed, None)
    assert set(dataset.labels.values()) == {""}


def test_every_page_and_file_says_that_nothing_may_rest_on_an_untrained_model(
    client, people, closed
):
    run = finished(people, freeze(people, closed, version("Random")))
    client.force_login(people.statistician)
    page = client.get(reverse("analysis:run", args=[run.public_id])).text
    assert f"<strong>{NOTICE}</strong>" in page
    assert NOTICE in client.get(reverse("analysis:study", args=[closed.public_id])).text
    for name in ("results.csv", "dataset.csv", "patients.csv"):
        url = reverse("analysis:download", args=[run.public_id, name])
        lines = list(csv.DictReader(io.StringIO(client.get(url).text)))
        assert {line["model_notice"] for line in lines} == {NOTICE}, name
        assert {line["model_provenance"] for line in lines} == {"untrained"}, name
        assert {line["model_members"] for line in lines} == {"0 of 25"}, name
    stored = json.loads(selectors.results_bytes(run))
    assert stored["sources"]["notice"] == NOTICE
    assert stored["sources"]["role"] == "exploratory"
    url = reverse("analysis_api:datasets", args=[closed.public_id])
    (listed,) = client.get(url).json()
    assert listed["model_notice"] == NOTICE
    assert listed["model_members"] == "0 of 25"


def test_the_api_and_the_page_refuse_an_untrained_primary(client, people, closed):
    model = version("Random")
    client.force_login(people.statistician)
    body = {"model": str(model.public_id), "role": "primary"}
    url = reverse("analysis_api:datasets", args=[closed.public_id])
    answer = client.post(url, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "not_primary")
    url = reverse("analysis:freeze", args=[closed.public_id])
    assert "cannot be the primary model" in client.post(url, body, follow=True).text
    assert not AnalysisDataset.objects.exists()


OLD_COLUMNS = {
    "cohort",
    "patient",
    "node",
    "mask_digest",
    "truth",
    "calls",
    "score_metastasis",
    "score_ene",
}
UNSAID = {1: {"role", "notice", "ene_rule", "amendments"}, 2: {"amendments"}}


def frozen_earlier(dataset, schema):
    """Store the dataset as an earlier version wrote it."""
    document = json.loads(storage.get_checked(dataset.table_key))
    sources = {k: v for k, v in document["sources"].items() if k not in UNSAID[schema]}
    sources["plan"] = OLD_PLAN
    if schema == 1:
        del sources["model"]["thresholds"]
    old = {
        "schema_version": schema,
        "sources": sources,
        "readers": document["readers"],
        "rows": [{k: row[k] for k in OLD_COLUMNS} for row in document["rows"]],
    }
    if schema == 2:
        counted = ("cohort", "patient", "model_ene", "note")
        old["patients"] = [{k: one[k] for k in counted} for one in document["patients"]]
    key = storage.put(json.dumps(old, sort_keys=True, separators=(",", ":")).encode())
    return AnalysisDataset.objects.create(
        study=dataset.study,
        model_version=dataset.model_version,
        sources=sources,
        table_key=key,
        digest=key,
        rows=dataset.rows,
        frozen_by=dataset.frozen_by,
    )


@pytest.mark.parametrize("schema", [1, 2])
def test_datasets_of_earlier_schemas_are_computed_as_todays_results(people, closed, schema):
    today = freeze(people, closed, version("Random"))
    before = frozen_earlier(today, schema)
    assert before.digest != today.digest
    assert before.labels["model_role"] == "exploratory"
    assert before.labels["model_notice"] == NOTICE
    run = finished(people, before)
    stored = json.loads(selectors.results_bytes(run))
    assert stored["schema_version"] == pipeline.SCHEMA_VERSION == 4
    assert len(stored["patients"]) == (0 if schema == 1 else 4)
    assert stored["tables"]["parts"][0]["n_nodes"] == 20
    assert pipeline.is_recomputable(run)
    assert pipeline.recomputed_digest_matches(run)
    # Read, and left as it is.
    assert storage.get_checked(before.table_key).count(b'"short_axis_mm"') == 0


def told(provenance="published", architecture="DeepENE", source="model", **more):
    model = {"provenance": provenance, "architecture": architecture, "thresholds": {"ene": 0.3}}
    return {"model": model | more, "plan": {"thresholds": {"source": source}}}


def test_the_rule_of_a_model_follows_what_its_scores_are():
    network = comparator.rule_of(told())
    assert (network.thresholds, network.logits, network.strict) == ({"ene": 0.3}, True, False)
    assert comparator.rule_of(told(architecture="DualNet")).strict
    outside = comparator.rule_of(told(provenance="external", architecture=""))
    assert (outside.thresholds, outside.logits) == ({"ene": 0.3}, False)


@pytest.mark.parametrize(
    "sources", [told(source="chosen_here"), told(thresholds={}), {"model": None, "plan": {}}]
)
def test_without_fixed_thresholds_there_is_no_rule(sources):
    assert comparator.rule_of(sources).thresholds == {}
    assert comparator.thresholds_sentence(sources) == ""


@pytest.mark.parametrize(
    ("registered", "order"), [("2026-03-01", "before"), ("2026-03-03", "after")]
)
def test_the_report_says_whether_thresholds_came_before_the_reading(registered, order):
    sources = told(registered_at=f"{registered}T10:00:00+00:00")
    assert "when is not recorded" in comparator.thresholds_sentence(sources)
    sources["opened_at"] = "2026-03-02T10:00:00+00:00"
    assert comparator.thresholds_sentence(sources) == (
        f"The model's thresholds were fixed with its version, registered {registered}, {order} "
        "the study was opened (2026-03-02)."
    )


def test_patients_are_counted_by_the_reference_the_model_and_each_reader(
    client, people, cohort, closed
):
    from tests.cases import store_case

    store_case(cohort, "P009", nodes=0)
    model = version("Cut", thresholds={"ene": 0.4})
    run = finished(people, freeze(people, closed, model))
    client.force_login(people.statistician)
    url = reverse("analysis:download", args=[run.public_id, "patients.csv"])
    lines = list(csv.DictReader(io.StringIO(client.get(url).text)))
    assert [line["patient"] for line in lines] == ["P001", "P002", "P003", "P004", "P009"]
    first, last = lines[0], lines[-1]
    # Nodes 1 to 5: probabilities 0.1 to 0.5, of which 0.4 and 0.5 are at least 0.4.
    assert first["model_ene"] == "2"
    assert first["reference_ene"] == "2"  # nodes 2 and 5
    assert first["nodes"] == "5"
    table = selectors.frozen_table_of(run.dataset).table
    called = [row.calls["R1"] for row in table.rows if row.patient == "P001"]
    assert first["R1"] == str(called.count(2))
    assert (last["note"], last["nodes"]) == ("no node found", "0")
    assert {last[column] for column in ("model_ene", "reference_ene", "R1", "R2")} == {"0"}
    url = reverse("analysis:download", args=[run.public_id, "patients-dictionary.csv"])
    explained = [line["column"] for line in csv.DictReader(io.StringIO(client.get(url).text))]
    assert explained == list(first)
    assert json.loads(selectors.results_bytes(run))["patients"][0]["model_ene"] == 2


def test_a_changed_count_is_found_by_verifying(people, closed):
    run = finished(people, freeze(people, closed, version("Cut", thresholds={"ene": 0.4})))
    assert pipeline.recomputed_digest_matches(run)
    stored = json.loads(selectors.results_bytes(run))
    stored["patients"][0]["model_ene"] += 1
    key = storage.put(json.dumps(stored, sort_keys=True, separators=(",", ":")).encode())
    AnalysisRun.objects.filter(pk=run.pk).update(results_key=key)
    run.refresh_from_db()
    assert not pipeline.recomputed_digest_matches(run)
    heard = io.StringIO()
    with pytest.raises(CommandError, match="1 of 1 stored results do not recompute"):
        call_command("verify_analysis", stdout=heard)
    assert f"run {run.public_id}  {run.results_digest[:16]}  DIFFERENT" in heard.getvalue()


def test_without_a_threshold_the_model_has_no_count_and_says_why(people, closed):
    dataset = freeze(people, closed, version("No cut"))
    frozen = selectors.frozen_table_of(dataset)
    assert {row.model_ene for row in frozen.patients} == {None}
    assert "no ENE threshold" in frozen.sources["ene_rule"]
