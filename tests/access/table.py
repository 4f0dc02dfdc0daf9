"""Who may enter which route, and with which answer: the access table of the whole site."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.access import bodies

ROLES = (
    "outsider",
    "reader",
    "second reader",
    "other reader",
    "annotator",
    "second annotator",
    "other annotator",
    "adjudicator",
    "other adjudicator",
    "coordinator",
    "other coordinator",
    "statistician",
    "other statistician",
)
PERSONS = ("anonymous", *ROLES)

Answers = dict[str, int]
Body = Callable[[dict[str, Any]], dict[str, Any]]


def everyone(status: int = 200, **others: int) -> Answers:
    """Return the same answer for each person who is signed in."""
    return dict.fromkeys(ROLES, status) | {who.replace("_", " "): n for who, n in others.items()}


def anybody(status: int = 200, **others: int) -> Answers:
    """Return the same answer for everybody, signed in or not."""
    return {"anonymous": status} | everyone(status, **others)


def only(*persons: str, status: int = 200) -> Answers:
    """Return the answer of those who may enter; for the others the route does not exist."""
    return dict.fromkeys(persons, status)


@dataclass(frozen=True, kw_only=True)
class Route:
    """Who gets what from one route.

    ``get`` and ``post`` (with an empty body) give the status of each person who may enter; None
    means that the method does not exist. Whoever is not listed gets 404, and anonymous people a
    redirect to the login page (pages) or 401 (API).
    """

    args: dict[str, Any] = field(default_factory=dict)
    """The route's arguments: names of things of the scene, or values that stand for themselves."""
    get: Answers | None = None
    post: Answers | None = None
    body: Body | None = None
    """A complete body, for attempts that could succeed."""
    acts: str | None = None
    """Who, of those who may, changes something with it; None where nothing can be changed."""
    json: bool = False


COORDINATOR, STATISTICIAN = only("coordinator"), only("statistician")
RUNNERS = only("coordinator", "statistician")
STATISTICIANS = only("statistician", "other statistician")
MODEL_READERS = only("coordinator", "other coordinator", "statistician", "other statistician")
ANNOTATORS = only("annotator", "second annotator")
PIXELS = only("annotator", "second annotator", "adjudicator", "coordinator")
PATHOLOGY = PIXELS
REFINERS = only("annotator", "second annotator", "adjudicator")
REFINERS_INVALID = only("annotator", "second annotator", "adjudicator", status=400)
READER = only("reader")
COHORT, UPLOAD = {"cohort_id": "cohort"}, {"upload_id": "upload"}
ARRIVAL = {"arrival_id": "arrival"}
PATIENT, RUN = {"patient_id": "patient"}, {"run_id": "done_run"}
FRESH_NODE = {"node_id": "fresh_node"}
CANDIDATE, CANDIDATE_RUN = {"candidate_id": "candidate"}, {"run_id": "candidate_run"}
PIXELS_MOVED = dict.fromkeys(PIXELS, 302)
PIXELS_INVALID = dict.fromkeys(PIXELS, 400)
OWN_STUDY, OWN_CASE = {"study": "seat"}, {"case": "case"}
DRAFT, INVITED = {"study": "draft"}, {"token": "token"}
REPORT = {"patient": "patient"}
LABELLING, RELEASED = {"labelling": "labelling"}, {"cohort": "cohort", "version": 1}
PREDICTED = {"public_id": "cohort"}
MODEL_UPLOAD = {"model_upload": "model_upload"}
SCORED = PREDICTED | {"model_id": "scores_model"}
COORDINATORS = only("coordinator", "other coordinator")
PREDICTION_RUN = {"public_id": "prediction_run"}
TRAINING_RUN = {"public_id": "training"}
ATTRIBUTION = {"public_id": "attribution"}
ATTRIBUTION_RUN = {"public_id": "attribution_run"}
RUNNERS_MOVED = only("coordinator", "statistician", status=302)


def acting(who: str, status: int, body: Body = bodies.nothing) -> dict[str, Any]:
    """Return a POST for one person whose complete ``body`` changes something."""
    return {"post": only(who, status=status), "body": body, "acts": who}


LOBBY = {
    # One door: straight through it. Several, or none: the lobby.
    "home": Route(
        get=everyone(
            302,
            outsider=200,
            coordinator=200,
            other_coordinator=200,
            statistician=200,
            other_statistician=200,
        )
    ),
    "health": Route(get=anybody()),
    "account_login": Route(get=everyone(302, anonymous=200), post=everyone(302, anonymous=200)),
    "account_logout": Route(get=everyone(anonymous=302), post=anybody(302)),
    # Closed for everybody: the page says so, and a body changes nothing.
    "account_signup": Route(
        get=everyone(302, anonymous=200), post=everyone(302, anonymous=200), body=bodies.sign_up
    ),
    "account_change_password": Route(get=everyone(), post=everyone()),
    "account_reauthenticate": Route(get=everyone(), post=everyone()),
    "mfa_index": Route(get=everyone()),
    # 302: to the login, or to entering the password again.
    "mfa_authenticate": Route(get=anybody(302), post=anybody(302)),
    "mfa_reauthenticate": Route(get=everyone(302), post=everyone(302)),
    "mfa_activate_totp": Route(get=everyone(302), post=everyone(302)),
    "mfa_generate_recovery_codes": Route(get=everyone(302), post=everyone(302)),
    # Nobody of the scene has a second factor.
    "mfa_deactivate_totp": Route(get={}, post={}),
    "mfa_view_recovery_codes": Route(get={}),
    "mfa_download_recovery_codes": Route(get={}, post={}),
    "api-schema": Route(get=everyone()),
    "api-docs": Route(get=everyone()),
}
COHORTS = {
    "cohorts:home": Route(
        get=only("coordinator", "other coordinator"),
        post=only("coordinator", "other coordinator", status=422),
        body=bodies.new_cohort,
        acts="coordinator",
    ),
    "cohorts:cohort": Route(args=COHORT, get=COORDINATOR),
    "cohorts:add-member": Route(
        args=COHORT, get=COORDINATOR, **acting("coordinator", 422, bodies.new_member)
    ),
    "cohorts:remove-member": Route(
        args=COHORT, get=COORDINATOR, **acting("coordinator", 422, bodies.old_member)
    ),
    "cohorts:metadata": Route(
        args=COHORT, get=COORDINATOR, **acting("coordinator", 422, bodies.patients_table)
    ),
    "cohorts:metadata-template": Route(args=COHORT, get=COORDINATOR),
    "cohorts-api:metadata": Route(
        args=COHORT, **acting("coordinator", 400, bodies.patients_table_by_api)
    ),
    # The scene's installation never says who is who.
    "cohorts:mapping": Route(
        args=COHORT,
        get=COORDINATOR,
        post=only("coordinator", status=422),
        body=bodies.mapping_request,
    ),
    "cohorts-api:mapping": Route(
        args=COHORT, post=only("coordinator", status=400), body=bodies.nothing, json=True
    ),
    "cohorts:uploads": Route(args=COHORT, get=COORDINATOR),
    "cohorts:start-intake": Route(
        args=COHORT, get=COORDINATOR, **acting("coordinator", 422, bodies.zip_file)
    ),
    "cohorts:upload": Route(args=UPLOAD, get=COORDINATOR),
    "cohorts:upload-progress": Route(args=UPLOAD, get=COORDINATOR),
    "cohorts:cancel-intake": Route(args=UPLOAD, **acting("coordinator", 302)),
    "cohorts:upload-report": Route(args=UPLOAD, get=COORDINATOR),
    # Nothing is asked about the scene's upload: back to its page.
    "cohorts:questions": Route(
        args=UPLOAD,
        get=only("coordinator", status=302),
        post=only("coordinator", status=422),
        body=bodies.nothing,
    ),
    "cohorts:give-up-questions": Route(
        args=UPLOAD, post=only("coordinator", status=302), body=bodies.nothing
    ),
    "cohorts:give-up-arrival": Route(args=ARRIVAL, **acting("coordinator", 302)),
    "cohorts:patient": Route(args=PATIENT, get=COORDINATOR),
    "cohorts:mask-versions": Route(args=PATIENT, get=PIXELS),
    "cohorts:masks": Route(args=PATIENT, get=REFINERS),
    "cohorts:candidates": Route(
        args=PATIENT, get=PIXELS, post=PIXELS_MOVED, body=bodies.asked_provider
    ),
    "cohorts:candidate-list": Route(args=PATIENT, get=PIXELS),
    "cohorts:candidate-picture": Route(args=CANDIDATE, get=PIXELS),
    "cohorts:stop-candidates": Route(
        args=CANDIDATE_RUN, post=PIXELS_MOVED, body=bodies.nothing, acts="annotator"
    ),
    "cohorts:decide-candidate": Route(
        args=CANDIDATE,
        post=dict.fromkeys(REFINERS, 302),
        body=bodies.chosen_for_candidate,
        acts="annotator",
    ),
    "cohorts:exclude": Route(
        args=PATIENT, get=COORDINATOR, **acting("coordinator", 422, bodies.exclusion)
    ),
    "cohorts:include": Route(
        args={"patient_id": "left_out"},
        get=COORDINATOR,
        **acting("coordinator", 422, bodies.reason),
    ),
    "cohorts-api:cohorts": Route(get=everyone()),
    "cohorts-api:cohort": Route(args=COHORT, get=COORDINATOR),
    "cohorts-api:uploads": Route(
        args=COHORT, get=COORDINATOR, **acting("coordinator", 400, bodies.zip_file)
    ),
    "cohorts-api:arrivals": Route(
        args=COHORT, get=COORDINATOR, json=True, **acting("coordinator", 400, bodies.new_arrival)
    ),
    "cohorts-api:arrival": Route(args=ARRIVAL, get=COORDINATOR),
    # The scene's upload on its way has not arrived: nothing can be handed over yet.
    "cohorts-api:arrival-pieces": Route(
        args=ARRIVAL, post=only("coordinator", status=415), body=bodies.nothing
    ),
    "cohorts-api:arrival-finish": Route(
        args=ARRIVAL, post=only("coordinator", status=409), body=bodies.nothing
    ),
    "cohorts-api:arrival-give-up": Route(args=ARRIVAL, **acting("coordinator", 204)),
    "cohorts-api:upload-give-up-questions": Route(
        args=UPLOAD, post=only("coordinator", status=409), body=bodies.nothing
    ),
    "cohorts-api:upload-questions": Route(
        args=UPLOAD, post=only("coordinator", status=400), body=bodies.nothing, json=True
    ),
    "cohorts-api:upload": Route(args=UPLOAD, get=COORDINATOR),
    "cohorts-api:case": Route(args=PATIENT, get=PIXELS),
    # A proposal is computed and not stored.
    "cohorts-api:propose-mask": Route(
        args=PATIENT, post=REFINERS_INVALID, body=bodies.mask_click, json=True
    ),
    "cohorts-api:nodes": Route(
        args=PATIENT, post=REFINERS_INVALID, body=bodies.new_node, acts="annotator", json=True
    ),
    # The scene's patient has one node: there is nothing to merge it with.
    "cohorts-api:merge-nodes": Route(
        args=PATIENT, post=REFINERS_INVALID, body=bodies.nothing, json=True
    ),
    "cohorts-api:masks": Route(
        args=FRESH_NODE,
        get=REFINERS,
        post=REFINERS_INVALID,
        body=bodies.new_mask,
        acts="annotator",
        json=True,
    ),
    # No provider is set up here: nobody can be asked.
    "cohorts-api:candidate-runs": Route(
        args=PATIENT, get=PIXELS, post=PIXELS_INVALID, body=bodies.asked_provider, json=True
    ),
    "cohorts-api:candidate-run": Route(args=CANDIDATE_RUN, get=PIXELS),
    "cohorts-api:stop-candidate-run": Route(
        args=CANDIDATE_RUN, post=PIXELS, body=bodies.nothing, acts="coordinator", json=True
    ),
    "cohorts-api:candidates": Route(args=PATIENT, get=PIXELS),
    "cohorts-api:candidate": Route(args=CANDIDATE, get=PIXELS),
    "cohorts-api:accept-candidate": Route(
        args=CANDIDATE,
        post=REFINERS_INVALID,
        body=bodies.decided_candidate,
        acts="annotator",
        json=True,
    ),
    "cohorts-api:reject-candidate": Route(
        args=CANDIDATE,
        post=REFINERS_INVALID,
        body=bodies.decided_candidate,
        acts="adjudicator",
        json=True,
    ),
    # The scene's node has one version.
    "cohorts-api:mask-version": Route(args=FRESH_NODE | {"version": 1}, get=REFINERS),
    "cohorts-api:mask-file": Route(args=FRESH_NODE | {"version": 1, "form": "nifti"}, get=PIXELS),
    "cohorts-api:masks-file": Route(args=PATIENT | {"form": "dicom-seg"}, get=PIXELS),
    "cohorts-api:split-node": Route(
        args=FRESH_NODE,
        post=REFINERS_INVALID,
        body=bodies.part_of_node,
        acts="adjudicator",
        json=True,
    ),
    "cohorts-api:remove-node": Route(
        args=FRESH_NODE,
        post=REFINERS_INVALID,
        body=bodies.removed_node,
        acts="annotator",
        json=True,
    ),
    # Addresses of frames are signed for one person.
    "cohorts-api:frame": Route(
        args=PATIENT | {"signature": "annotator_frames", "index": 0}, get=only("annotator")
    ),
}
SEARCH, WAITING_SEARCH = {"search_id": "archive_search"}, {"search_id": "waiting_search"}
PULL, FAILED_PULL = {"pull_id": "archive_pull"}, {"pull_id": "failed_pull"}
ARCHIVES = {
    # The scene's installation lists no archive: nobody can search, those who did can pull.
    "cohorts:archives": Route(
        args=COHORT,
        get=COORDINATOR,
        post=only("coordinator", status=422),
        body=bodies.archive_search,
    ),
    "cohorts:archive-work": Route(args=COHORT, get=COORDINATOR),
    "cohorts:archive-search": Route(
        args=SEARCH, get=COORDINATOR, **acting("coordinator", 422, bodies.chosen_series)
    ),
    "cohorts:archive-search-progress": Route(args=SEARCH, get=COORDINATOR),
    "cohorts:cancel-search": Route(args=WAITING_SEARCH, **acting("coordinator", 302)),
    "cohorts:cancel-pull": Route(args=PULL, **acting("coordinator", 302)),
    "cohorts:resume-pull": Route(args=FAILED_PULL, **acting("coordinator", 302)),
    "cohorts-api:archives": Route(args=COHORT, get=COORDINATOR),
    "cohorts-api:archive-searches": Route(
        args=COHORT,
        get=COORDINATOR,
        post=only("coordinator", status=400),
        body=bodies.archive_search_by_api,
        json=True,
    ),
    "cohorts-api:archive-search": Route(args=SEARCH, get=COORDINATOR),
    "cohorts-api:archive-search-cancel": Route(args=WAITING_SEARCH, **acting("coordinator", 200)),
    "cohorts-api:archive-search-pulls": Route(
        args=SEARCH, json=True, **acting("coordinator", 400, bodies.chosen_series)
    ),
    "cohorts-api:archive-pulls": Route(args=COHORT, get=COORDINATOR),
    "cohorts-api:archive-pull": Route(args=PULL, get=COORDINATOR),
    "cohorts-api:archive-pull-cancel": Route(args=PULL, **acting("coordinator", 200)),
    "cohorts-api:archive-pull-resume": Route(args=FAILED_PULL, **acting("coordinator", 200)),
}
CASE_BY_DICOMWEB = {"cohort": "cohort", "study": "dicom_study"}
CT_BY_DICOMWEB = CASE_BY_DICOMWEB | {"series": "dicom_series"}
IMAGE_BY_DICOMWEB = CT_BY_DICOMWEB | {"instance": "dicom_instance"}
IN_COHORT = {"cohort": "cohort"}
DICOMWEB = {
    "cohorts:viewer-access": Route(
        args=COHORT, get=COORDINATOR, **acting("coordinator", 422, bodies.viewer_token)
    ),
    "cohorts:revoke-token": Route(
        args=COHORT | {"token_id": "viewer_token"}, **acting("coordinator", 302)
    ),
    # Searching lists pseudonyms: for coordinators only. Pixels: for those who work on the truth.
    "dicomweb_api:studies": Route(args=IN_COHORT, get=COORDINATOR),
    "dicomweb_api:series-search": Route(args=IN_COHORT, get=COORDINATOR),
    "dicomweb_api:instance-search": Route(args=IN_COHORT, get=COORDINATOR),
    "dicomweb_api:study-series-search": Route(args=CASE_BY_DICOMWEB, get=COORDINATOR),
    "dicomweb_api:study-instance-search": Route(args=CASE_BY_DICOMWEB, get=COORDINATOR),
    "dicomweb_api:series-instance-search": Route(args=CT_BY_DICOMWEB, get=COORDINATOR),
    "dicomweb_api:study": Route(args=CASE_BY_DICOMWEB, get=PIXELS),
    "dicomweb_api:series": Route(args=CT_BY_DICOMWEB, get=PIXELS),
    "dicomweb_api:instance": Route(args=IMAGE_BY_DICOMWEB, get=PIXELS),
    "dicomweb_api:study-metadata": Route(args=CASE_BY_DICOMWEB, get=PIXELS),
    "dicomweb_api:series-metadata": Route(args=CT_BY_DICOMWEB, get=PIXELS),
    "dicomweb_api:instance-metadata": Route(args=IMAGE_BY_DICOMWEB, get=PIXELS),
    "dicomweb_api:frames": Route(args=IMAGE_BY_DICOMWEB | {"frames": "1"}, get=PIXELS),
}
STUDIES = {
    # The form is there for everybody and offers only cohorts of the person's own.
    "studies:home": Route(
        get=everyone(), post=everyone(), body=bodies.new_study, acts="coordinator"
    ),
    "studies:study": Route(args=DRAFT, get=COORDINATOR),
    "studies:progress": Route(args=DRAFT, get=COORDINATOR),
    "studies:protocol": Route(args=DRAFT, **acting("coordinator", 422, bodies.protocol)),
    # Who analyses the whole study plans it, too; readers do not learn that there is a plan.
    "studies:plan": Route(
        args=DRAFT,
        get=RUNNERS,
        post=only("coordinator", "statistician", status=422),
        body=bodies.plan_form,
        acts="coordinator",
    ),
    "studies:add-reader": Route(args=DRAFT, **acting("coordinator", 422, bodies.new_reader)),
    "studies:invite": Route(args=DRAFT, **acting("coordinator", 422, bodies.invitation)),
    "studies:revoke": Route(
        args=DRAFT | {"invitation": "invitation"}, **acting("coordinator", 302)
    ),
    "studies:open": Route(
        args=DRAFT, get=COORDINATOR, **acting("coordinator", 200, bodies.opening)
    ),
    "studies:close": Route(
        args={"study": "open_study"},
        get=COORDINATOR,
        **acting("coordinator", 200, bodies.closing),
    ),
    "studies:reader": Route(args={"reader": "seat"}, get=COORDINATOR),
    "studies:remove-reader": Route(args={"reader": "draft_seat"}, **acting("coordinator", 302)),
    "studies:reopen": Route(
        args={"case": "submitted_case"}, **acting("coordinator", 302, bodies.reason)
    ),
}
READING = {
    "reading:home": Route(get=everyone()),
    "reading:study": Route(args=OWN_STUDY, get=READER),
    "reading:done": Route(args=OWN_STUDY, get=READER),
    "reading:case": Route(args=OWN_CASE, get=READER),
    # Whoever holds the link: the token is the permission.
    "reading:invitation": Route(args=INVITED, get=anybody()),
    "reading:accept-invitation": Route(
        args=INVITED, post=everyone(302), body=bodies.nothing, acts="outsider"
    ),
    "reading:create-invited-account": Route(
        args=INVITED, post=anybody(), body=bodies.new_account, acts="anonymous"
    ),
    "reading_api:studies": Route(get=everyone()),
    "reading_api:next": Route(args=OWN_STUDY, get=READER),
    "reading_api:plan": Route(
        args=DRAFT,
        get=RUNNERS,
        post=only("coordinator", "statistician", status=400),
        body=bodies.plan,
        acts="statistician",
        json=True,
    ),
    "reading_api:case": Route(args=OWN_CASE, get=READER),
    "reading_api:pictures": Route(args=OWN_CASE, get=READER),
    "reading_api:frame": Route(
        args=OWN_CASE | {"signature": "reader_frames", "index": 0}, get=READER
    ),
    # The body's form is looked at first: an empty one gives nothing away about the case.
    "reading_api:calls": Route(
        args=OWN_CASE, post=everyone(400), body=bodies.call, acts="reader", json=True
    ),
    "reading_api:submit": Route(
        args=OWN_CASE, post=everyone(400), body=bodies.submission, acts="reader", json=True
    ),
    "reading_api:events": Route(
        args=OWN_CASE, post=everyone(400), body=bodies.events, acts="reader", json=True
    ),
}
ANNOTATION = {
    # Lists of one's own work: empty for those who have none.
    "annotation:home": Route(get=everyone()),
    "annotation:discussion": Route(get=everyone()),
    "annotation:adjudication": Route(get=everyone()),
    "annotation:releases": Route(get=everyone()),
    "annotation:labelling": Route(args={"patient": "patient"}, get=ANNOTATORS),
    "annotation:start": Route(
        args={"patient": "patient"},
        post=only("annotator", "second annotator", status=302),
        body=bodies.nothing,
        acts="second annotator",
    ),
    "annotation:import": Route(
        args={"cohort": "cohort"},
        get=ANNOTATORS,
        post=only("annotator", "second annotator", status=422),
        body=bodies.label_file,
        acts="second annotator",
    ),
    "annotation:export": Route(args={"cohort": "cohort"}, get=ANNOTATORS),
    "annotation:discuss": Route(
        args={"node": "disputed"},
        get=ANNOTATORS,
        post=only("annotator", "second annotator", status=422),
        body=bodies.statement,
        acts="annotator",
    ),
    "annotation:decide": Route(
        args={"node": "discordant"},
        get=only("adjudicator"),
        **acting("adjudicator", 422, bodies.decision),
    ),
    # One patient is not labelled yet, so that nothing can be released.
    "annotation:release": Route(
        args={"cohort": "cohort"},
        get=COORDINATOR,
        post=only("coordinator", status=302),
        body=bodies.confirmation,
    ),
    # Closed: the annotators have not submitted every patient.
    "annotation:agreement": Route(
        args={"cohort": "cohort"}, get=only("coordinator", "adjudicator")
    ),
    "annotation:agreement-csv": Route(args={"cohort": "cohort"}, get={}),
    "annotation:disagreements-csv": Route(args={"cohort": "cohort"}, get={}),
    "annotation_api:agreement": Route(args={"cohort": "cohort"}, get={}),
    "annotation:reference-standard-json": Route(args=RELEASED, get=RUNNERS),
    "annotation:reference-standard-csv": Route(args=RELEASED, get=RUNNERS),
    # That labelling is not submitted, so that nothing can be given back.
    "annotation:reopen": Route(
        args=LABELLING, post=only("coordinator", status=302), body=bodies.reopening
    ),
    "annotation_api:reopen": Route(
        args=LABELLING, json=True, post=only("coordinator", status=400), body=bodies.reopening
    ),
    "annotation_api:next-release": Route(args={"cohort": "cohort"}, get=COORDINATOR),
    "annotation_api:labelling": Route(args=LABELLING, get=only("annotator")),
    "annotation_api:labels": Route(
        args=LABELLING, json=True, **acting("annotator", 400, bodies.label)
    ),
    # Nothing to give a reason for: without a locked report no rule is applied.
    "annotation_api:reasons": Route(
        args=LABELLING, json=True, post=only("annotator", status=400), body=bodies.finding_reason
    ),
    "annotation_api:submit": Route(
        args=LABELLING, json=True, **acting("annotator", 400, bodies.label_submission)
    ),
    "annotation_api:discussions": Route(args={"cohort": "cohort"}, get=ANNOTATORS),
    "annotation_api:discussion": Route(
        args={"node": "disputed"},
        get=ANNOTATORS,
        post=only("annotator", "second annotator", status=400),
        body=bodies.statement,
        json=True,
        acts="annotator",
    ),
    "annotation_api:disagreements": Route(args={"cohort": "cohort"}, get=only("adjudicator")),
    "annotation_api:adjudication": Route(
        args={"node": "discordant"},
        get=only("adjudicator"),
        json=True,
        **acting("adjudicator", 400, bodies.decision),
    ),
    "annotation_api:reference-standards": Route(
        args={"cohort": "cohort"},
        get=RUNNERS,
        post=only("coordinator", status=422),
        body=bodies.nothing,
        json=True,
    ),
    "annotation_api:reference-standard": Route(args=RELEASED, get=RUNNERS),
    "annotation:pathology-reports": Route(args={"cohort": "cohort"}, get=PATHOLOGY),
    "annotation:pathology-template": Route(args={"cohort": "cohort"}, get=PATHOLOGY),
    "annotation:pathology-import": Route(
        args={"cohort": "cohort"},
        get=PATHOLOGY,
        post=only(*PATHOLOGY, status=422),
        body=bodies.reports_table,
        acts="coordinator",
    ),
    "annotation:pathology": Route(
        args=REPORT,
        get=PATHOLOGY,
        post=only(*PATHOLOGY, status=422),
        body=bodies.pathology_form,
        acts="adjudicator",
    ),
    "annotation:pathology-check": Route(
        args=REPORT,
        post=only(*PATHOLOGY, status=302),
        body=bodies.pathology_step,
        acts="second annotator",
    ),
    "annotation:pathology-lock": Route(
        args=REPORT, post=only(*PATHOLOGY, status=302), body=bodies.pathology_step
    ),
    "annotation_api:pathology-reports": Route(args={"cohort": "cohort"}, get=PATHOLOGY),
    "annotation_api:pathology-import": Route(
        args={"cohort": "cohort"},
        post=only(*PATHOLOGY, status=400),
        body=bodies.reports_table_by_api,
        acts="coordinator",
    ),
    "annotation_api:pathology": Route(
        args=REPORT,
        get=PATHOLOGY,
        post=only(*PATHOLOGY, status=400),
        body=bodies.pathology_report,
        acts="adjudicator",
        json=True,
    ),
    "annotation_api:pathology-preview": Route(
        args=REPORT, post=only(*PATHOLOGY, status=400), body=bodies.pathology_report, json=True
    ),
    "annotation_api:pathology-check": Route(
        args=REPORT,
        post=only(*PATHOLOGY, status=400),
        body=bodies.pathology_step,
        acts="second annotator",
        json=True,
    ),
    # The scene's report is not checked: nobody can lock it.
    "annotation_api:pathology-lock": Route(
        args=REPORT, post=only(*PATHOLOGY, status=400), body=bodies.pathology_step, json=True
    ),
    "annotation_api:pathology-versions": Route(args=REPORT, get=PATHOLOGY),
}
INFERENCE = {
    # Model versions belong to the site, not to one cohort.
    "inference:home": Route(get=MODEL_READERS),
    "inference:model": Route(args={"public_id": "model"}, get=MODEL_READERS),
    "inference:cohort": Route(
        args=PREDICTED,
        get=RUNNERS,
        post=only("coordinator", "statistician", status=422),
        body=bodies.unused_model,
        acts="coordinator",
    ),
    "inference:import": Route(
        args=PREDICTED, get=COORDINATOR, **acting("coordinator", 422, bodies.scores)
    ),
    "inference:scores": Route(args=PREDICTED | {"model_id": "scores_model"}, get=RUNNERS),
    "inference:run": Route(args=PREDICTION_RUN, get=RUNNERS),
    "inference:run-progress": Route(args=PREDICTION_RUN, get=RUNNERS),
    "inference:cancel-run": Route(
        args=PREDICTION_RUN,
        post={"coordinator": 302, "statistician": 403},
        body=bodies.nothing,
        acts="coordinator",
    ),
    "inference_api:models": Route(get=MODEL_READERS),
    # Models belong to the site: each coordinator registers, and sees the own uploads alone.
    "inference:register": Route(
        get=COORDINATORS,
        post=only("coordinator", "other coordinator", status=422),
        body=bodies.architecture,
        acts="coordinator",
    ),
    "inference:model-upload": Route(
        args=MODEL_UPLOAD,
        get=COORDINATOR,
        **acting("coordinator", 422, bodies.model_description_form),
    ),
    "inference:model-upload-inventory": Route(args=MODEL_UPLOAD, get=COORDINATOR),
    "inference:delete-model-upload": Route(args=MODEL_UPLOAD, **acting("coordinator", 302)),
    "inference:ai-ene": Route(args=SCORED, get=RUNNERS),
    "inference:ai-ene-csv": Route(args=SCORED, get=RUNNERS),
    "inference_api:ai-ene": Route(args=SCORED, get=RUNNERS),
    "inference_api:model-uploads": Route(
        get=COORDINATORS,
        post=only("coordinator", "other coordinator", status=400),
        body=bodies.architecture,
        acts="coordinator",
        json=True,
    ),
    "inference_api:model-upload": Route(args=MODEL_UPLOAD, get=COORDINATOR),
    # These two only look.
    "inference_api:model-upload-paths": Route(
        args=MODEL_UPLOAD, post=only("coordinator", status=400), body=bodies.no_paths, json=True
    ),
    "inference_api:model-upload-folder": Route(
        args=MODEL_UPLOAD,
        post=only("coordinator", status=400),
        body=bodies.server_folder,
        json=True,
    ),
    "inference_api:model-upload-files": Route(
        args=MODEL_UPLOAD, **acting("coordinator", 400, bodies.model_file)
    ),
    # The operator has named no folder here: nothing can be taken from it.
    "inference_api:model-upload-server-files": Route(
        args=MODEL_UPLOAD, post=only("coordinator", status=400), body=bodies.sent_file, json=True
    ),
    "inference_api:model-upload-remove-file": Route(
        args=MODEL_UPLOAD, json=True, **acting("coordinator", 400, bodies.sent_file)
    ),
    "inference_api:model-upload-register": Route(
        args=MODEL_UPLOAD, json=True, **acting("coordinator", 400, bodies.model_description)
    ),
    "inference_api:model-upload-delete": Route(
        args=MODEL_UPLOAD, json=True, **acting("coordinator", 204)
    ),
    "inference_api:cohort-runs": Route(
        args=PREDICTED,
        get=RUNNERS,
        post=only("coordinator", "statistician", status=400),
        body=bodies.unused_model,
        acts="coordinator",
        json=True,
    ),
    "inference_api:run": Route(args=PREDICTION_RUN, get=RUNNERS),
    "inference_api:cancel-run": Route(
        args=PREDICTION_RUN,
        post={"coordinator": 200, "statistician": 403},
        body=bodies.nothing,
        acts="coordinator",
        json=True,
    ),
}
TRAINING = {
    # Lists of one's own cohorts' trainings, for whoever looks after a cohort.
    "inference:trainings": Route(get=MODEL_READERS),
    "inference:start-training": Route(
        get=MODEL_READERS,
        post=dict.fromkeys(MODEL_READERS, 422),
        body=bodies.training,
        acts="coordinator",
    ),
    "inference:training": Route(args=TRAINING_RUN, get=RUNNERS),
    "inference:training-progress": Route(args=TRAINING_RUN, get=RUNNERS),
    "inference:stop-training": Route(
        args=TRAINING_RUN, post=RUNNERS_MOVED, body=bodies.nothing, acts="coordinator"
    ),
    "inference:resume-training": Route(
        args={"public_id": "stopped_training"},
        post=RUNNERS_MOVED,
        body=bodies.nothing,
        acts="statistician",
    ),
    "inference:training-record": Route(args={"public_id": "done_training"}, get=RUNNERS),
    "inference_api:training-data": Route(get=MODEL_READERS),
    "inference_api:trainings": Route(
        get=MODEL_READERS,
        post=dict.fromkeys(MODEL_READERS, 400),
        body=bodies.api_training,
        acts="coordinator",
        json=True,
    ),
    "inference_api:training": Route(args=TRAINING_RUN, get=RUNNERS),
    "inference_api:stop-training": Route(
        args=TRAINING_RUN, post=RUNNERS, body=bodies.nothing, acts="coordinator", json=True
    ),
    "inference_api:resume-training": Route(
        args={"public_id": "stopped_training"},
        post=RUNNERS,
        body=bodies.nothing,
        acts="coordinator",
        json=True,
    ),
    "inference_api:training-record": Route(args={"public_id": "done_training"}, get=RUNNERS),
    "analysis:training-data": Route(get=everyone()),
    "analysis:freeze-training-data": Route(
        args={"cohort_id": "development"}, **acting("statistician", 302)
    ),
}
# Whoever runs the cohort and judges none of its nodes; nobody else learns that there are any.
EXPLANATION = {
    "inference:attributions": Route(
        args=PREDICTED,
        get=RUNNERS,
        post=only("coordinator", "statistician", status=422),
        body=bodies.everything_explained,
        acts="statistician",
    ),
    "inference:attribution-run": Route(args=ATTRIBUTION_RUN, get=RUNNERS),
    "inference:attribution-run-progress": Route(args=ATTRIBUTION_RUN, get=RUNNERS),
    "inference:cancel-attribution-run": Route(
        args=ATTRIBUTION_RUN,
        post=only("coordinator", "statistician", status=302),
        body=bodies.nothing,
        acts="statistician",
    ),
    "inference:attribution": Route(args=ATTRIBUTION, get=RUNNERS),
    "inference_api:cohort-attribution-runs": Route(
        args=PREDICTED,
        get=RUNNERS,
        post=only("coordinator", "statistician", status=400),
        body=bodies.explained_model,
        acts="coordinator",
        json=True,
    ),
    "inference_api:attribution-run": Route(args=ATTRIBUTION_RUN, get=RUNNERS),
    "inference_api:cancel-attribution-run": Route(
        args=ATTRIBUTION_RUN,
        post=RUNNERS,
        body=bodies.nothing,
        acts="statistician",
        json=True,
    ),
    "inference_api:cohort-attributions": Route(args=PREDICTED, get=RUNNERS),
    "inference_api:attribution": Route(args=ATTRIBUTION, get=RUNNERS),
    "inference_api:attribution-values": Route(args=ATTRIBUTION, get=RUNNERS),
    "inference_api:attribution-frame": Route(args=ATTRIBUTION | {"index": 0}, get=RUNNERS),
}
ANALYSIS = {
    "analysis:home": Route(get=everyone()),
    "analysis:study": Route(args={"study_id": "closed_study"}, get=STATISTICIAN),
    "analysis:freeze": Route(
        args={"study_id": "closed_study"}, **acting("statistician", 302, bodies.freeze)
    ),
    # Whoever imports sees what they imported themselves, and nothing of others.
    "analysis:import": Route(
        get=STATISTICIANS,
        post=dict.fromkeys(STATISTICIANS, 422),
        body=bodies.imported_study,
        acts="statistician",
    ),
    "analysis:import-example": Route(get=STATISTICIANS),
    "analysis_api:imports": Route(
        get=STATISTICIANS,
        post=dict.fromkeys(STATISTICIANS, 400),
        body=bodies.imported_study,
        acts="other statistician",
    ),
    "analysis:rerun": Route(args={"dataset_id": "dataset"}, **acting("statistician", 302)),
    "analysis:run": Route(args=RUN, get=STATISTICIAN),
    "analysis:progress": Route(args=RUN, get=STATISTICIAN),
    "analysis:cancel": Route(args={"run_id": "waiting_run"}, **acting("statistician", 302)),
    "analysis:download": Route(args=RUN | {"name": "dataset.csv"}, get=STATISTICIAN),
    "analysis_api:studies": Route(get=everyone()),
    "analysis_api:datasets": Route(
        args={"study_id": "closed_study"},
        get=STATISTICIAN,
        json=True,
        # An empty body asks for the readers alone.
        **acting("statistician", 201, bodies.freeze),
    ),
    "analysis_api:runs": Route(
        args={"dataset_id": "dataset"}, json=True, **acting("statistician", 201)
    ),
    "analysis_api:run": Route(args=RUN, get=STATISTICIAN),
    "analysis_api:results": Route(args=RUN, get=STATISTICIAN),
}
SIMULATION = {"simulation_id": "done_simulation"}
# Whoever plans sees their own simulations; what they ask for is complete without a body.
PLANNING = {
    "analysis:planning": Route(get=MODEL_READERS),
    "analysis:planning-simulate": Route(
        get=MODEL_READERS,
        post=dict.fromkeys(MODEL_READERS, 302),
        body=bodies.planned_study,
        acts="coordinator",
    ),
    "analysis:planning-run": Route(args=SIMULATION, get=STATISTICIAN),
    "analysis:planning-change": Route(args=SIMULATION, get=STATISTICIAN),
    "analysis:planning-progress": Route(args=SIMULATION, get=STATISTICIAN),
    "analysis:planning-cancel": Route(
        args={"simulation_id": "waiting_simulation"}, **acting("statistician", 302)
    ),
    "analysis:planning-download": Route(
        args=SIMULATION | {"name": "results.csv"}, get=STATISTICIAN
    ),
    "analysis_api:planning": Route(
        get=MODEL_READERS,
        post=dict.fromkeys(MODEL_READERS, 201),
        body=bodies.planned_study,
        acts="other statistician",
        json=True,
    ),
    "analysis_api:planning-run": Route(args=SIMULATION, get=STATISTICIAN),
    "analysis_api:planning-cancel": Route(
        args={"simulation_id": "waiting_simulation"}, json=True, **acting("statistician", 200)
    ),
    "analysis_api:planning-results": Route(args=SIMULATION, get=STATISTICIAN),
}
TABLE = (
    LOBBY
    | COHORTS
    | ARCHIVES
    | DICOMWEB
    | STUDIES
    | READING
    | ANNOTATION
    | INFERENCE
    | TRAINING
    | EXPLANATION
    | ANALYSIS
    | PLANNING
)
