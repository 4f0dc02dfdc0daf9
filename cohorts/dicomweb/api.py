"""DICOMweb of one cohort's de-identified pixels: QIDO-RS for coordinators, WADO-RS (PS3.18)."""

import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.authentication import SessionAuthentication401
from accounts.permissions import SignedIn
from cohorts.dicomweb import accept, results, retrieval, selectors
from cohorts.dicomweb.authentication import TokenAuthentication
from cohorts.dicomweb.cases import ServedCase
from cohorts.dicomweb.search import OF_INSTANCES, OF_SERIES, Search, SearchRefusedError, search_of
from cohorts.serving import FRAME_CACHE_CONTROL, AnyAccept, FrameUnavailable
from cohorts.storage import DamagedBlob

ASK_AGAIN = "private, no-cache"
FRAME_LIST = re.compile(r"[1-9]\d{0,5}(,[1-9]\d{0,5})*")
MOST_FRAMES = 1000


class NotAcceptable(APIException):
    """Nothing the client accepts can be sent."""

    status_code = 406
    default_code = "not_acceptable"


class TokensOwnCohort(BasePermission):
    """A token opens the cohort it was made for; anywhere else nothing exists for it."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Admit sessions, and tokens of this cohort."""
        if request.auth is not None and request.auth.cohort.public_id != view.kwargs["cohort"]:
            raise Http404
        return True


class DicomwebView(APIView):
    """A route for viewers: read-only, by session or token, refusals in the API's one shape."""

    authentication_classes = [TokenAuthentication, SessionAuthentication401]
    permission_classes = [SignedIn, TokensOwnCohort]
    content_negotiation_class = AnyAccept
    schema = None

    @property
    def accepted(self) -> str:
        """The Accept header, or the parameter that stands for it (PS3.18 8.3.3.1)."""
        told = self.request.query_params.get("accept", "")
        return told or self.request.headers.get("Accept", "")

    def acceptable(self, choose: Callable[[str], Any]) -> Any:
        """Return the chosen form, or answer 406 with a sentence."""
        try:
            return choose(self.accepted)
        except accept.NotAcceptableError as refusal:
            raise NotAcceptable(str(refusal)) from refusal

    def unchanged(self, tag: str) -> bool:
        """Whether the client has these very bytes already."""
        return f'"{tag}"' in self.request.headers.get("If-None-Match", "")

    def sent(self, response: HttpResponseBase, tag: str, caching: str) -> HttpResponseBase:
        """Say how long the answer may be kept."""
        response["ETag"], response["Cache-Control"] = f'"{tag}"', caching
        response["Vary"] = "Accept, Authorization, Cookie"
        return response


class Searching(DicomwebView):
    """A search: for coordinators only."""

    results: ClassVar[Callable[[list[ServedCase], Search, str], Iterator[dict[str, Any]]]]
    searched_by: ClassVar[tuple[str, ...]] = OF_SERIES

    def get(self, request: Request, cohort: uuid.UUID, **within: str) -> HttpResponse:
        self.acceptable(accept.accepts_json)
        search = self.search(within)
        cases = selectors.cases_found(request.user, cohort, search)
        every = type(self).results(cases, search, root_of(request, cohort))
        found = list(itertools.islice(every, search.offset, search.offset + search.limit))
        response = HttpResponse(json.dumps(found), content_type=accept.DICOM_JSON)
        response["Cache-Control"] = "no-store"
        warnings = warnings_of(search, is_more=next(every, None) is not None)
        if warnings:
            response["Warning"] = ", ".join(warnings)
        return response

    def search(self, within: dict[str, str]) -> Search:
        """Read the parameters; what stands in the path is wanted, too."""
        told = dict(self.request.query_params.lists())
        named = {"study": "StudyInstanceUID", "series": "SeriesInstanceUID"}
        told |= {named[key]: [uid] for key, uid in within.items()}
        try:
            return search_of(told, self.searched_by)
        except SearchRefusedError as refusal:
            raise ValidationError({refusal.parameter: [str(refusal)]}) from refusal


class Studies(Searching):
    """Search for studies."""

    results = results.study_results


class SeriesSearch(Searching):
    """Search for series, of a study or of all."""

    results = results.series_results


class InstanceSearch(Searching):
    """Search for instances, of a series, a study or of all."""

    results = results.instance_results
    searched_by = OF_INSTANCES


class Retrieving(DicomwebView):
    """A retrieval of what the address names."""

    def found(self, cohort: uuid.UUID, path: dict[str, str]) -> retrieval.Wanted:
        """Return the instances, or raise Http404."""
        case = selectors.case_for(self.request.user, cohort, path["study"])
        return retrieval.wanted(case, path.get("series", ""), path.get("instance", ""))

    def streamed(self, parts: Any, form: accept.Form, tag: str) -> HttpResponseBase:
        """Send parts one after the other; a single one alone where the client wants it so."""
        try:
            # The first part is made before the answer begins: a lost blob is said in words.
            first = next(parts)
            first = (first[0], list(first[1]))
        except (FileNotFoundError, DamagedBlob) as lost:
            raise FrameUnavailable from lost
        if not form.is_multipart:
            return HttpResponse(b"".join(first[1]), content_type=first[0])
        boundary = f"nodewise-{tag[:40]}"
        kind = f'multipart/related; type="{form.media_type}"; boundary={boundary}'
        body = retrieval.multipart(itertools.chain([first], parts), boundary)
        return StreamingHttpResponse(body, content_type=kind)


class Instances(Retrieving):
    """DICOM files of a study, a series, or one of them."""

    def get(self, request: Request, cohort: uuid.UUID, **path: str) -> HttpResponseBase:
        form, found = self.acceptable(accept.form_of_instances), self.found(cohort, path)
        if not form.is_multipart and not found.is_one:
            raise NotAcceptable("These are several files: accept multipart/related for them.")
        tag = found.tag(str(form))
        if self.unchanged(tag):
            return self.sent(HttpResponse(status=304), tag, ASK_AGAIN)
        caching = FRAME_CACHE_CONTROL if "instance" in path else ASK_AGAIN
        return self.sent(self.streamed(retrieval.files(found, form), form, tag), tag, caching)


class Metadata(Retrieving):
    """Headers of a study, a series, or one instance."""

    def get(self, request: Request, cohort: uuid.UUID, **path: str) -> HttpResponseBase:
        self.acceptable(accept.accepts_json)
        found = self.found(cohort, path)
        tag = found.tag("metadata")
        if self.unchanged(tag):
            return self.sent(HttpResponse(status=304), tag, ASK_AGAIN)
        response = HttpResponse(retrieval.metadata(found), content_type=accept.DICOM_JSON)
        return self.sent(response, tag, ASK_AGAIN)


class Frames(Retrieving):
    """Frames of one instance."""

    def get(
        self, request: Request, cohort: uuid.UUID, frames: str, **path: str
    ) -> HttpResponseBase:
        form, numbers = self.acceptable(accept.form_of_frames), numbers_in(frames)
        found = self.found(cohort, path)
        if not form.is_multipart and len(numbers) > 1:
            raise NotAcceptable("These are several frames: accept multipart/related for them.")
        tag = found.tag(f"{form} {numbers}")
        if self.unchanged(tag):
            return self.sent(HttpResponse(status=304), tag, FRAME_CACHE_CONTROL)
        parts = retrieval.frames(found, numbers, form)
        return self.sent(self.streamed(parts, form, tag), tag, FRAME_CACHE_CONTROL)


def numbers_in(frames: str) -> list[int]:
    """Return the frame numbers of an address, counted from 1."""
    if not FRAME_LIST.fullmatch(frames) or frames.count(",") >= MOST_FRAMES:
        raise ValidationError(
            {"frames": [f"Give frame numbers from 1 on, at most {MOST_FRAMES}, with commas."]}
        )
    return [int(number) for number in frames.split(",")]


def root_of(request: Request, cohort: uuid.UUID) -> str:
    """Return the address of the cohort's DICOMweb service, without a slash at its end."""
    path = reverse("dicomweb_api:studies", args=[cohort])
    return request.build_absolute_uri(path.removesuffix("/studies"))


def warnings_of(search: Search, *, is_more: bool) -> list[str]:
    """Return what a client should know of the results, as Warning headers (PS3.18 10.6.3)."""
    found = []
    if search.asked_fuzzy:
        found.append(
            '299 nodewise "The fuzzymatching parameter is not supported. Only literal matching '
            'has been performed."'
        )
    if is_more:
        found.append('299 nodewise "There are additional results that can be requested."')
    return found
