"""R finds the same numbers from the dataset alone, and says so when one was changed."""

import csv
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from readerstudy.analysis import frozen_table, patients
from readerstudy.analysis.computing.endpoints import StudyTable
from readerstudy.analysis.frozen_table import FrozenTable
from readerstudy.analysis.reporting.files import r_script, tidy_long
from scripts.check_r import main
from tests.readerstudy.analysis.reporting.files.studies import (
    FIXED,
    frozen_of,
    invented,
    invented_results,
    planned,
    reference,
    results_of,
)
from tests.readerstudy.statistics.reference import SHARED

RSCRIPT = shutil.which("Rscript")
LEFT_OUT = {
    "drawn at random; agrees only within simulation error",
    "the annotators' agreement by patient is not in this script",
}
needs_r = pytest.mark.skipif(RSCRIPT is None, reason="R is not installed (r-base-core)")


def _folder(
    folder: Path, table: StudyTable, results: dict, frozen: FrozenTable | None = None
) -> Path:
    frozen = frozen or frozen_of(table)
    texts = {
        "dataset.csv": frozen_table.to_csv(frozen),
        "patients.csv": patients.to_csv(frozen),
        "reading-times.csv": frozen_table.readings_csv(frozen),
        "annotators.csv": frozen_table.labels_csv(frozen),
        "flow.csv": frozen_table.flow_csv(frozen),
        "results.csv": tidy_long.to_csv(results),
        "recompute.R": r_script.script(results),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def _run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(RSCRIPT), "--vanilla", str(folder / "recompute.R"), str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _not_recomputed(folder: Path) -> set[str]:
    with (folder / "differences.csv").open() as file:
        return {row["reason"] for row in csv.DictReader(file) if row["ok"] == "not recomputed"}


def test_the_script_holds_the_settings_and_no_number_of_the_report() -> None:
    results = invented_results(1)
    source = r_script.script(results)
    assert 'READERS <- c("R1", "R2", "R3")' in source
    assert "LEVEL <- 0.95" in source
    assert r_script.MARK not in source
    estimates = {
        repr(line["estimate"])
        for line in tidy_long.lines(results)
        if isinstance(line.get("estimate"), float) and len(repr(line["estimate"])) > 8
    }
    assert not any(number in source for number in estimates)


def test_names_cannot_leave_their_quotes() -> None:
    results = results_of(invented(4, readers=1, cohorts=1))
    results["tables"]["readers"] = ['x"); quit(status = 0) #', "Zoë\\", "\U0001f600"]
    line = next(x for x in r_script.script(results).splitlines() if x.startswith("READERS"))
    assert line == 'READERS <- c("x\\"); quit(status = 0) #", "Zo\\u00eb\\\\", "\\U0001f600")'


@needs_r
@pytest.mark.parametrize(("seed", "readers"), [(1, 3), (2, 2), (3, 1)])
def test_r_agrees_on_invented_studies_with_gaps(seed: int, readers: int, tmp_path: Path) -> None:
    table = invented(seed, readers=readers)
    done = _run(_folder(tmp_path, table, results_of(table)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert " 0 differ" in done.stdout
    assert "age_years" in done.stdout
    assert _not_recomputed(tmp_path) <= LEFT_OUT


PRIMARY = {
    "endpoint": "ene",
    "view": "binary",
    "comparison": "model_vs_each_reader",
    "test": "patient_clustered",
    "hypothesis": "difference",
    "margin": None,
}
PLANS = {
    "missing calls wrong, undetermined benign": {
        "missing": {"calls": "as_wrong", "undetermined": "as_benign"},
        "primary": PRIMARY,
        "multiplicity": "holm",
    },
    "complete nodes only, non-inferiority": {
        "missing": {"calls": "complete_all", "undetermined": "as_metastasis"},
        "primary": PRIMARY
        | {
            "comparison": "model_vs_reader_mean",
            "test": "random_readers",
            "hypothesis": "non_inferiority",
            "margin": 0.1,
        },
    },
    "confidence, no patients, other level": {
        "views": ["binary", "ordinal", "confidence"],
        "patient_level": "none",
        "alpha": 0.1,
        "primary": PRIMARY | {"test": "delong"},
        "multiplicity": "hochberg",
    },
    "subgroups": {
        "subgroups": [
            {"variable": "sad", "edges": [7.0, 10.0]},
            {"variable": "age", "edges": [60]},
            {"variable": "sex"},
            {"variable": "level"},
        ]
    },
}


@needs_r
@pytest.mark.parametrize("name", PLANS)
def test_r_follows_the_rules_of_a_plan(name: str, tmp_path: Path) -> None:
    table, plan = invented(5, readers=2, cohorts=2), planned(**PLANS[name])
    done = _run(_folder(tmp_path, table, results_of(table, plan, FIXED)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert _not_recomputed(tmp_path) <= LEFT_OUT


@needs_r
@pytest.mark.golden
@pytest.mark.skipif(
    not (SHARED / "study_set2").is_dir(),
    reason="reference study absent: shared/reference/statistics/study_set2",
)
def test_r_agrees_on_the_reference_study(tmp_path: Path) -> None:
    table = reference()
    done = _run(_folder(tmp_path, table, results_of(table)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def _change(folder: Path, column: str, **named: str) -> None:
    """Change one number of results.csv by a little more than the tolerance."""
    with (folder / "results.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    row = next(row for row in rows if row[column] and named.items() <= row.items())
    row[column] = repr(float(row[column]) * (1 + 3e-5))
    with (folder / "results.csv").open("w", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


CHANGES = (
    ("estimate", {"method": "delong_fixed_readers"}),
    ("p_two_sided", {"method": "delong_fixed_readers"}),
    ("lower", {"method": "delong_fixed_readers"}),
    ("estimate", {"measure": "age_years", "method": "lower_quartile"}),
    ("p_two_sided", {"measure": "age_years", "method": "welch_t"}),
    ("numerator", {"measure": "primary_site", "method": "count"}),
    ("estimate", {"measure": "active_seconds_per_case", "method": "total"}),
    ("upper", {"subject": "annotators", "method": "quadratic"}),
    ("estimate", {"measure": "flow", "view": "excluded"}),
)


@needs_r
@pytest.mark.parametrize(("column", "named"), CHANGES)
def test_a_changed_number_is_found(column: str, named: dict[str, str], tmp_path: Path) -> None:
    table = invented(2, readers=2, cohorts=2)
    folder = _folder(tmp_path, table, results_of(table))
    _change(folder, column, **named)
    done = _run(folder)
    assert done.returncode == 1
    assert " 1 differ" in done.stdout


@needs_r
def test_numbers_of_a_file_that_is_absent_are_named_with_it(tmp_path: Path) -> None:
    table = invented(2, readers=1, cohorts=2)
    folder = _folder(tmp_path, table, results_of(table))
    absent = {"patients.csv", "reading-times.csv", "annotators.csv", "flow.csv"}
    for name in absent:
        (folder / name).unlink()
    done = _run(folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert _not_recomputed(folder) - LEFT_OUT == {f"{name} is not in the folder" for name in absent}


@needs_r
def test_a_study_of_which_nothing_but_the_nodes_is_known(tmp_path: Path) -> None:
    table = invented(6, readers=1, cohorts=2)
    frozen = replace(frozen_of(table, told=False), patients=None)
    done = _run(_folder(tmp_path, table, results_of(table, frozen=frozen), frozen))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert _not_recomputed(tmp_path) <= LEFT_OUT


@needs_r
def test_a_cohort_may_be_named_like_a_formula(tmp_path: Path) -> None:
    nodes = invented(6, readers=1, cohorts=2)
    rows = tuple(replace(row, cohort=f"={row.cohort}, Zürich") for row in nodes.rows)
    table = StudyTable(readers=nodes.readers, rows=rows)
    done = _run(_folder(tmp_path, table, results_of(table)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert _not_recomputed(tmp_path) <= LEFT_OUT


def test_results_of_an_earlier_version_have_no_description() -> None:
    results = {**invented_results(1)}
    tables = dict(results["tables"])
    del tables["description"]
    results["tables"] = tables
    assert "age_years" not in {line["measure"] for line in tidy_long.lines(results)}
    assert "DESCRIBED <- FALSE" in r_script.script(results)


def test_a_folder_without_the_files_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 2
    assert "lacks dataset.csv, results.csv, recompute.R" in capsys.readouterr().out
