"""API of the ground floor, mounted at /api/v1/cohorts/."""

from django.urls import path

from cohorts import (
    api,
    archive_api,
    candidate_api,
    mapping_api,
    mask_api,
    mask_export_api,
    metadata_api,
    uploads_api,
)

app_name = "cohorts-api"
urlpatterns = [
    path("", api.MyCohorts.as_view(), name="cohorts"),
    path("<uuid:cohort_id>/", api.CohortDetail.as_view(), name="cohort"),
    path("<uuid:cohort_id>/metadata/", metadata_api.CohortMetadata.as_view(), name="metadata"),
    path("<uuid:cohort_id>/mapping/", mapping_api.CohortMapping.as_view(), name="mapping"),
    path("<uuid:cohort_id>/uploads/", api.CohortUploads.as_view(), name="uploads"),
    path("<uuid:cohort_id>/arrivals/", uploads_api.CohortArrivals.as_view(), name="arrivals"),
    path("arrivals/<uuid:arrival_id>/", uploads_api.ArrivalDetail.as_view(), name="arrival"),
    path(
        "arrivals/<uuid:arrival_id>/pieces/",
        uploads_api.ArrivalPieces.as_view(),
        name="arrival-pieces",
    ),
    path(
        "arrivals/<uuid:arrival_id>/finish/",
        uploads_api.ArrivalFinish.as_view(),
        name="arrival-finish",
    ),
    path(
        "arrivals/<uuid:arrival_id>/give-up/",
        uploads_api.ArrivalGiveUp.as_view(),
        name="arrival-give-up",
    ),
    path("uploads/<uuid:upload_id>/", api.UploadDetail.as_view(), name="upload"),
    path(
        "uploads/<uuid:upload_id>/questions/",
        uploads_api.UploadQuestions.as_view(),
        name="upload-questions",
    ),
    path(
        "uploads/<uuid:upload_id>/questions/give-up/",
        uploads_api.UploadGiveUp.as_view(),
        name="upload-give-up-questions",
    ),
    path("<uuid:cohort_id>/archives/", archive_api.CohortArchives.as_view(), name="archives"),
    path(
        "<uuid:cohort_id>/archive-searches/",
        archive_api.CohortArchiveSearches.as_view(),
        name="archive-searches",
    ),
    path(
        "<uuid:cohort_id>/archive-pulls/",
        archive_api.CohortArchivePulls.as_view(),
        name="archive-pulls",
    ),
    path(
        "archive-searches/<uuid:search_id>/",
        archive_api.ArchiveSearchDetail.as_view(),
        name="archive-search",
    ),
    path(
        "archive-searches/<uuid:search_id>/cancel/",
        archive_api.ArchiveSearchCancel.as_view(),
        name="archive-search-cancel",
    ),
    path(
        "archive-searches/<uuid:search_id>/pulls/",
        archive_api.ArchiveSearchPulls.as_view(),
        name="archive-search-pulls",
    ),
    path(
        "archive-pulls/<uuid:pull_id>/",
        archive_api.ArchivePullDetail.as_view(),
        name="archive-pull",
    ),
    path(
        "archive-pulls/<uuid:pull_id>/cancel/",
        archive_api.ArchivePullCancel.as_view(),
        name="archive-pull-cancel",
    ),
    path(
        "archive-pulls/<uuid:pull_id>/resume/",
        archive_api.ArchivePullResume.as_view(),
        name="archive-pull-resume",
    ),
    path(
        "patients/<uuid:patient_id>/nodes/propose/",
        mask_api.PatientClick.as_view(),
        name="propose-mask",
    ),
    path("patients/<uuid:patient_id>/nodes/", mask_api.PatientNodes.as_view(), name="nodes"),
    path(
        "patients/<uuid:patient_id>/nodes/merge/",
        mask_api.PatientMerger.as_view(),
        name="merge-nodes",
    ),
    path(
        "patients/<uuid:patient_id>/candidate-runs/",
        candidate_api.PatientCandidateRuns.as_view(),
        name="candidate-runs",
    ),
    path(
        "candidate-runs/<uuid:run_id>/",
        candidate_api.CandidateRunDetail.as_view(),
        name="candidate-run",
    ),
    path(
        "candidate-runs/<uuid:run_id>/stop/",
        candidate_api.CandidateRunStop.as_view(),
        name="stop-candidate-run",
    ),
    path(
        "patients/<uuid:patient_id>/candidates/",
        candidate_api.PatientCandidates.as_view(),
        name="candidates",
    ),
    path(
        "candidates/<uuid:candidate_id>/",
        candidate_api.CandidateDetail.as_view(),
        name="candidate",
    ),
    path(
        "candidates/<uuid:candidate_id>/accept/",
        candidate_api.CandidateAcceptance.as_view(),
        name="accept-candidate",
    ),
    path(
        "candidates/<uuid:candidate_id>/reject/",
        candidate_api.CandidateRejection.as_view(),
        name="reject-candidate",
    ),
    path(
        "patients/<uuid:patient_id>/masks/<str:form>/",
        mask_export_api.PatientMasksFile.as_view(),
        name="masks-file",
    ),
    path(
        "nodes/<uuid:node_id>/masks/<int:version>/<str:form>/",
        mask_export_api.MaskVersionFile.as_view(),
        name="mask-file",
    ),
    path(
        "nodes/<uuid:node_id>/masks/<int:version>/",
        mask_api.NodeMaskVersion.as_view(),
        name="mask-version",
    ),
    path("nodes/<uuid:node_id>/masks/", mask_api.NodeMasks.as_view(), name="masks"),
    path("nodes/<uuid:node_id>/split/", mask_api.NodeSplit.as_view(), name="split-node"),
    path("nodes/<uuid:node_id>/remove/", mask_api.NodeRemoval.as_view(), name="remove-node"),
    path("patients/<uuid:patient_id>/case/", api.PatientCase.as_view(), name="case"),
    path(
        "patients/<uuid:patient_id>/<str:signature>/frames/<int:index>/",
        api.PatientFrame.as_view(),
        name="frame",
    ),
]
