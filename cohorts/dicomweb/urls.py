"""DICOMweb, mounted at /dicomweb/<cohort>/; addresses as in PS3.18, without a slash at the end."""

from django.urls import path

from cohorts.dicomweb import api

STUDY = "studies/<str:study>"
SERIES = f"{STUDY}/series/<str:series>"
INSTANCE = f"{SERIES}/instances/<str:instance>"

app_name = "dicomweb_api"
urlpatterns = [
    path("studies", api.Studies.as_view(), name="studies"),
    path("series", api.SeriesSearch.as_view(), name="series-search"),
    path("instances", api.InstanceSearch.as_view(), name="instance-search"),
    path(f"{STUDY}/series", api.SeriesSearch.as_view(), name="study-series-search"),
    path(f"{STUDY}/instances", api.InstanceSearch.as_view(), name="study-instance-search"),
    path(f"{SERIES}/instances", api.InstanceSearch.as_view(), name="series-instance-search"),
    path(STUDY, api.Instances.as_view(), name="study"),
    path(SERIES, api.Instances.as_view(), name="series"),
    path(INSTANCE, api.Instances.as_view(), name="instance"),
    path(f"{STUDY}/metadata", api.Metadata.as_view(), name="study-metadata"),
    path(f"{SERIES}/metadata", api.Metadata.as_view(), name="series-metadata"),
    path(f"{INSTANCE}/metadata", api.Metadata.as_view(), name="instance-metadata"),
    path(f"{INSTANCE}/frames/<str:frames>", api.Frames.as_view(), name="frames"),
]
