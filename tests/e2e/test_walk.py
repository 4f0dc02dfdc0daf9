"""From a zip of DICOM files to a comparison report: everybody's part, one after the other."""

import json
import re
import zipfile
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from tests.e2e import pages
from tests.e2e.conftest import Arrive
from tests.e2e.inputs import write_upload
from tests.e2e.installation import Installation
from tests.e2e.person import SLOW_MS
from tests.e2e.pictures import share_of_right_greys
from tests.e2e.report_files import check_numbers, rows_of
from tests.e2e.story import COHORT, DISPUTED, OTHER_MODEL, PATIENTS, STUDY, Story, truth_of
from tests.viewer.test_save_queue import call

pytestmark = [pytest.mark.browser, pytest.mark.no_database]


@pytest.fixture(scope="module")
def story(house: Installation, arrive: Arrive, tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("walk")
    archive, cases = write_upload(folder)
    return Story(house, arrive, folder, archive, cases)


def test_a_coordinator_takes_two_patients_in(story: Story) -> None:
    coordinator = story.coordinator
    coordinator.go("/")
    coordinator.shot("lobby-coordinator")
    coordinator.go("/cohorts/")
    coordinator.shot("cohorts")
    pages.create_cohort(coordinator, COHORT)
    coordinator.shot("cohort-empty")
    pages.choose_file(coordinator, "Zip file", story.archive)
    coordinator.click("Upload")
    coordinator.page.wait_for_url("**/cohorts/uploads/*/", timeout=SLOW_MS)
    coordinator.page.evaluate("window.sameDocument = true")
    coordinator.shot("upload-running")
    pages.wait_for_intake(coordinator)

    assert coordinator.page.evaluate("window.sameDocument"), "the progress came by itself"
    assert any("/progress/" in url for url in coordinator.watch.requests)
    for pseudonym, case in zip(PATIENTS, story.cases, strict=True):
        cells = coordinator.row(pseudonym).locator("td, th")
        expect(cells.nth(1)).to_contain_text("Accepted")
        expect(cells.nth(3)).to_have_text(str(case.slices))
        expect(cells.nth(4)).to_have_text(str(case.nodes))
    coordinator.shot("upload-report")
    story.told.add("intake")


def test_what_was_taken_in_is_what_was_sent(story: Story) -> None:
    story.after("intake")
    first = story.cases[0]
    coordinator = story.coordinator
    coordinator.follow(PATIENTS[0])
    table = coordinator.page.get_by_role("table", name="Nodes of this patient")
    listed = table.locator("tbody tr")
    expect(listed).to_have_count(len(first.node_voxels))
    rows = [row.split() for row in listed.all_inner_texts()]
    assert {int(row[0]): int(row[1]) for row in rows} == first.node_voxels
    if first.hu_sha256 is not None:
        expect(coordinator.page.locator("code.digest")).to_have_text(first.hu_sha256)
    coordinator.shot("patient")


def test_the_coordinator_gives_everybody_a_role(story: Story) -> None:
    story.after("intake")
    coordinator = story.coordinator
    story.house.create_accounts(*pages.ROLES, "reader_one")
    coordinator.go("/cohorts/")
    coordinator.follow(COHORT)
    for username, role in pages.ROLES.items():
        pages.add_member(coordinator, username, role)
    coordinator.shot("cohort-members")
    story.told.add("members")


def test_a_draft_gets_a_protocol_a_reader_and_an_invitation(story: Story) -> None:
    story.after("members")
    coordinator = story.coordinator
    story.study_page = pages.create_study(coordinator, STUDY, COHORT)
    pages.write_protocol(coordinator)
    pages.add_reader(coordinator, "reader_one")
    coordinator.page.get_by_label("E-mail", exact=True).fill("second@example.org")
    coordinator.click("Make a link")
    story.invitation = coordinator.page.get_by_label("Link", exact=True).input_value()
    coordinator.shot("invitation-link")
    assert story.invitation.startswith(story.house.address)
    coordinator.go(story.study_page)
    coordinator.shot("study-draft")
    story.told.add("draft")


def test_the_invited_reader_makes_an_account_and_joins(story: Story) -> None:
    story.after("draft")
    invited = story.arrive("reader_two", signed_in=False)
    story.people["reader_two"] = invited
    invited.page.goto(story.invitation)
    invited.sees(STUDY)
    invited.shot("invitation")
    pages.create_invited_account(invited)
    invited.sees("Not open yet")
    invited.shot("my-studies-not-open")
    story.told.add("invited")


def test_the_coordinator_opens_the_study(story: Story) -> None:
    story.after("invited")
    coordinator = story.coordinator
    coordinator.go(story.study_page)
    expect(coordinator.row("R2 · reader_two")).to_have_count(1)
    pages.open_study(coordinator)
    expect(coordinator.page.locator("code.digest")).to_have_text(re.compile("^[0-9a-f]{64}$"))
    for reader in ("reader_one", "reader_two"):
        expect(coordinator.row(reader)).to_contain_text("0 of 2")
    coordinator.shot("study-open")
    story.told.add("open")


def test_a_reader_reads_with_three_keys_and_resumes_after_closing_the_tab(story: Story) -> None:
    story.after("open")
    reader = story.person("reader_one")
    pages.start_reading(reader, STUDY)
    page = reader.page
    total = pages.node_count(page)
    shown = pages.shown_slice(page)
    right, telling = share_of_right_greys(page, story.case_with(total), shown)
    assert right == 1.0
    assert telling > 50
    wrong, _ = share_of_right_greys(page, story.case_with(total), (shown + 7) % 20)
    assert wrong < 0.95, "another slice would have been noticed"
    reader.shot("reading-first-node")

    half = total // 2
    pages.call_nodes(page, lambda node: story.key("R1", node), count=half)
    pages.all_calls_saved(page)
    case = pages.shown_case(page)
    reader.change_tab()
    pages.start_reading(reader, STUDY)
    page = reader.page
    assert pages.shown_case(page) == case
    expect(page.locator('[data-part="progress"]')).to_have_text(f"{half} of {total} called")
    assert pages.shown_node(page) == half + 1

    pages.call_nodes(page, lambda node: story.key("R1", node), count=total - half, done=half)
    pages.all_calls_saved(page)
    reader.shot("reading-complete")
    pages.submit(page)
    expect(page.locator('[data-part="position"]')).to_have_text("Case 2 of 2")
    assert story.calls_of_submitted_cases() == total
    story.told.add("first case")


def test_the_coordinator_sees_the_progress_change_by_itself(story: Story) -> None:
    story.after("first case")
    coordinator, reader = story.coordinator, story.person("reader_one")
    row = coordinator.row("reader_one")
    expect(row).to_contain_text("1 of 2")
    page = reader.page
    page.wait_for_selector(pages.READY)
    pages.call_nodes(page, lambda node: story.key("R1", node), count=pages.node_count(page))
    pages.submit(page)
    expect(page.locator('[data-part="finished"]')).to_be_visible()
    reader.shot("reading-finished")
    expect(row).to_contain_text("2 of 2")
    coordinator.shot("study-progress")
    story.told.add("reader one")


def test_the_second_reader_reads_everything(story: Story) -> None:
    story.after("reader one")
    reader = story.person("reader_two")
    pages.start_reading(reader, STUDY)
    for _ in PATIENTS:
        page = reader.page
        page.wait_for_selector(pages.READY)
        pages.call_nodes(page, lambda node: story.key("R2", node), count=pages.node_count(page))
        case = pages.shown_case(page)
        pages.submit(page)
        expect(page.locator("[data-viewer]")).not_to_have_attribute("data-viewer", re.compile(case))
    expect(page.locator('[data-part="finished"]')).to_be_visible()
    page.locator('[data-part="finished"] a').click()
    reader.sees("2 of 2 cases submitted")
    reader.shot("reader-study")
    story.told.add("reader two")


def test_a_reopened_case_is_changed_and_submitted_again(story: Story) -> None:
    story.after("reader two")
    coordinator, reader = story.coordinator, story.person("reader_one")
    coordinator.go(story.study_page)
    coordinator.row("reader_one").get_by_role("link").click()
    first = coordinator.page.locator("tbody tr").first
    patient = (first.locator("td").first.inner_text()).split(" · ")[0]
    first.get_by_placeholder("Reason").fill("The reader asked to correct a slip.")
    coordinator.shot("reader-cases")
    first.get_by_role("button").click()
    expect(coordinator.page.locator("main")).to_contain_text(re.compile("reopened", re.IGNORECASE))

    reader.go("/reading/")
    reader.shot("my-studies-reopened")
    pages.start_reading(reader, STUDY)
    before = story.key("R1", pages.shown_node(reader.page))
    after = str(int(before) % 3 + 1)
    node = story.reopened_node(pages.shown_node(reader.page))
    call(reader.page, after)
    pages.all_calls_saved(reader.page)
    story.changed[patient, node] = int(after) - 1
    pages.submit(reader.page)
    expect(reader.page.locator('[data-part="finished"]')).to_be_visible()
    story.told.add("reopened")


def test_the_coordinator_closes_the_study(story: Story) -> None:
    story.after("reopened")
    coordinator = story.coordinator
    coordinator.go(story.study_page)
    coordinator.follow("Close the study …")
    coordinator.sees("Every case of every reader is submitted.")
    coordinator.shot("study-close")
    coordinator.click("Close the study")
    coordinator.sees("Calls can no longer change.")
    reader = story.person("reader_one")
    reader.go("/reading/")
    reader.sees("Closed. You submitted 2 of 2 cases.")
    story.told.add("closed")


def test_an_annotator_labels_with_keys(story: Story) -> None:
    story.after("members")
    annotator = story.person("annotator_one")
    annotator.go("/annotation/")
    annotator.shot("labelling-list")
    annotator.click(f"Start {PATIENTS[0]}")
    for case in story.cases:
        page = annotator.page
        page.wait_for_selector(pages.READY)
        assert pages.node_count(page) == case.nodes
        pages.call_nodes(
            page, lambda node: str(truth_of(node) + 1), count=case.nodes, verb="labelled"
        )
        annotator.shot("labelling")
        pages.submit(page)
        expect(page.locator('[data-part="submitted"]')).to_be_visible()
        # The way on has the focus.
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/annotation/(patients/|$)"))
    annotator.sees("2 of 2 patients submitted")
    story.told.add("annotator one")


def test_another_annotator_imports_a_table_once_its_error_is_corrected(story: Story) -> None:
    story.after("members")
    annotator = story.person("annotator_two")
    annotator.go("/annotation/")
    annotator.follow("Import my labels from CSV")
    file = story.folder / "labels.csv"
    file.write_text(story.labels_csv(spoilt=True), encoding="utf-8")
    pages.choose_file(annotator, "CSV file", file)
    with annotator.watch.provoking(422, "/import/"):
        annotator.click("Import")
        annotator.sees("Nothing was saved: 1 problem in the file.")
    cells = annotator.page.get_by_role("table").locator("tbody td")
    expect(cells.nth(0)).to_have_text("3")
    expect(cells.nth(1)).to_have_text("label")
    expect(cells.nth(2)).to_contain_text("'maybe' is not a label")
    annotator.shot("labels-import-refused")

    file.write_text(story.labels_csv(), encoding="utf-8")
    pages.choose_file(annotator, "CSV file", file)
    annotator.click("Check only")
    annotator.sees("The file is good. Nothing is saved yet")
    pages.choose_file(annotator, "CSV file", file)
    annotator.click("Import")
    annotator.sees(f"{len(story.nodes)} new, 0 changed, 0 unchanged")
    annotator.shot("labels-imported")
    for patient in PATIENTS:
        annotator.go("/annotation/")
        annotator.follow(f"Continue {patient}")
        annotator.page.wait_for_selector(pages.READY)
        pages.submit(annotator.page)
        expect(annotator.page.locator('[data-part="submitted"]')).to_be_visible()
    story.told.add("annotator two")


@pytest.mark.parametrize("name", ["annotator_one", "annotator_two"])
def test_each_annotator_has_a_last_word_on_the_one_disagreement(story: Story, name: str) -> None:
    story.after("annotator one", "annotator two")
    annotator, (patient, node) = story.person(name), DISPUTED
    annotator.go("/annotation/")
    annotator.follow("Discussion of what the two of you labelled differently")
    expect(annotator.page.locator("tbody tr")).to_have_count(1)
    annotator.shot("discussions")
    own = annotator.page.locator("tbody td").nth(1).text_content() or ""
    annotator.follow(f"Discuss node {node} of {patient}")
    annotator.page.wait_for_selector(pages.READY)
    annotator.page.get_by_role("radio", name=own, exact=True).check()
    annotator.shot("discuss")
    annotator.click("Save my last word")
    annotator.sees("Your statement is saved.")
    story.told.add(f"word of {name}")


def test_the_adjudicator_decides_the_one_disagreement(story: Story) -> None:
    story.after("word of annotator_one", "word of annotator_two")
    adjudicator = story.person("adjudicator")
    adjudicator.go("/annotation/adjudication/")
    patient, node = DISPUTED
    expect(adjudicator.page.locator("tbody tr")).to_have_count(1)
    adjudicator.shot("disagreements")
    adjudicator.follow(f"Decide node {node} of {patient}")
    adjudicator.page.wait_for_selector(pages.READY)
    adjudicator.page.keyboard.press(str(truth_of(node) + 1))
    adjudicator.page.get_by_label("Reason").fill("As the pathology report says.")
    adjudicator.shot("decide")
    adjudicator.click("Save the decision")
    adjudicator.sees("The decision is saved.")
    story.told.add("adjudicated")


def test_the_coordinator_releases_the_reference_standard(story: Story) -> None:
    story.after("adjudicated")
    coordinator = story.coordinator
    coordinator.go("/annotation/release/")
    coordinator.shot("reference-standards")
    coordinator.follow(COHORT)
    coordinator.page.get_by_label("Release these labels").check()
    coordinator.shot("release")
    coordinator.click("Release")
    coordinator.sees("Version 1 is released.")
    digest = coordinator.page.locator("td.digest code")
    expect(digest).to_have_text(re.compile("^[0-9a-f]{64}$"))
    coordinator.shot("released")
    story.told.add("truth")


def test_the_worker_predicts_every_node_while_the_coordinator_watches(
    story: Story, untrained_model: str
) -> None:
    story.after("intake")
    coordinator = story.coordinator
    coordinator.go("/inference/")
    coordinator.shot("models")
    pages.request_predictions(coordinator, COHORT, untrained_model)
    coordinator.shot("prediction-run")
    progress, total = coordinator.page.locator("#run-progress"), len(story.nodes)
    expect(progress).to_contain_text("Done", timeout=SLOW_MS)
    expect(progress).to_contain_text(f"{total} predicted, 0 parked, 0 waiting, of {total} nodes.")
    coordinator.shot("prediction-run-done")
    coordinator.follow("Scores of the cohort")
    expect(coordinator.page.locator("tbody tr")).to_have_count(total)
    coordinator.shot("scores")
    story.told.add("predictions")


def test_scores_of_another_model_come_in_by_table(story: Story) -> None:
    story.after("intake")
    coordinator = story.coordinator
    file = story.folder / "scores.csv"
    file.write_text(story.scores_csv(), encoding="utf-8")
    pages.import_scores(coordinator, COHORT, OTHER_MODEL, file, rows=len(story.nodes))
    expect(coordinator.row(OTHER_MODEL).first).to_contain_text(
        f"{len(story.nodes)} of {len(story.nodes)}"
    )
    coordinator.shot("models-of-cohort")
    story.told.add("other model")


def test_the_statistician_freezes_waits_and_reads_the_report(
    story: Story, untrained_model: str
) -> None:
    story.after("closed", "truth", "predictions")
    statistician = story.person("statistician")
    statistician.go("/analysis/")
    statistician.shot("analysis")
    statistician.follow(STUDY)
    pages.choose_option(statistician.page, "Model to compare with", untrained_model)
    statistician.shot("analysis-study")
    statistician.click("Freeze and compute")
    figures = statistician.page.locator(".report-figure svg")
    figures.first.wait_for(timeout=SLOW_MS)
    statistician.sees("untrained model, no conclusion may rest on it")
    assert figures.count() > 3
    table = statistician.page.locator("#table-5")
    for subject in ("Reader R1", "Reader R2"):
        expect(table.get_by_role("rowheader", name=subject)).to_be_visible()
    statistician.shot("report")
    story.told.add("report")


def test_the_downloads_hold_the_calls_the_truth_and_the_right_numbers(story: Story) -> None:
    story.after("report")
    statistician = story.person("statistician")
    dataset = rows_of(statistician.download("Frozen data, CSV", story.folder))
    results = rows_of(statistician.download("Results, CSV", story.folder))
    statistician.page.get_by_text("More files").click()
    stored = statistician.download("Results as computed, with their schema", story.folder)
    document = json.loads(stored.read_text())
    drawn = statistician.page.locator("a[href$='.svg']").first.get_attribute("aria-label")
    figure = statistician.download(str(drawn), story.folder)
    assert statistician.download("PDF", story.folder).read_bytes().startswith(b"%PDF")
    for office in ("Word", "Excel"):
        assert zipfile.is_zipfile(statistician.download(office, story.folder))

    by_node = {(row["patient"], int(row["node"])): row for row in dataset}
    assert set(by_node) == set(story.nodes)
    assert {key: int(row["truth"]) for key, row in by_node.items()} == {
        key: truth_of(key[1]) for key in story.nodes
    }
    for number in (1, 2):
        calls = {key: int(row[f"R{number}"]) for key, row in by_node.items()}
        assert calls == story.expected_calls(number)
    check_numbers(dataset, results, COHORT)
    cohorts = [part for part in document["tables"]["parts"] if part["kind"] == "cohort"]
    assert [part["name"] for part in cohorts] == [COHORT]
    assert ElementTree.parse(figure).getroot().tag == "{http://www.w3.org/2000/svg}svg"
