"""Pages of the ground floor, mounted at /cohorts/."""

from django.urls import path

from cohorts import views

app_name = "cohorts"
urlpatterns = [
    path("", views.CohortList.as_view(), name="home"),
    path("<uuid:cohort_id>/", views.CohortPage.as_view(), name="cohort"),
    path("<uuid:cohort_id>/members/add/", views.AddMember.as_view(), name="add-member"),
    path("<uuid:cohort_id>/members/remove/", views.RemoveMember.as_view(), name="remove-member"),
    path("<uuid:cohort_id>/uploads/", views.CohortUploads.as_view(), name="uploads"),
    path("<uuid:cohort_id>/uploads/start/", views.StartIntake.as_view(), name="start-intake"),
    path("uploads/<uuid:upload_id>/", views.UploadPage.as_view(), name="upload"),
    path(
        "uploads/<uuid:upload_id>/progress/", views.UploadProgress.as_view(), name="upload-progress"
    ),
    path("uploads/<uuid:upload_id>/cancel/", views.CancelIntake.as_view(), name="cancel-intake"),
    path("patients/<uuid:patient_id>/", views.PatientPage.as_view(), name="patient"),
    path("patients/<uuid:patient_id>/exclude/", views.ExcludePatient.as_view(), name="exclude"),
    path("patients/<uuid:patient_id>/include/", views.IncludePatient.as_view(), name="include"),
]
