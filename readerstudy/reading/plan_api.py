"""API of a study's analysis plan, for who coordinates or analyses the whole study."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.schema import errors
from readerstudy.reading import plan_serializers as serializers
from readerstudy.reading import selectors, services
from readerstudy.reading.api import ReaderAPI


class AnalysisPlan(ReaderAPI):
    """The plan in force with its amendments."""

    @extend_schema(
        operation_id="reading_plan",
        summary="The analysis plan in force and its amendments",
        responses={200: serializers.StudyPlan, **errors()},
    )
    def get(self, request: Request, study: uuid.UUID) -> Response:
        found = selectors.study_plan_for(request.user, study)
        return Response(serializers.StudyPlan(found).data)

    @extend_schema(
        operation_id="reading_save_plan",
        summary="Change the plan of a draft, or amend it with a reason once the study was opened",
        request=serializers.PlanInput,
        responses={200: serializers.StudyPlan, **errors(400, 409, 422)},
    )
    def post(self, request: Request, study: uuid.UUID) -> Response:
        found = selectors.study_plan_for(request.user, study)
        form = serializers.PlanInput(data=request.data)
        form.is_valid(raise_exception=True)
        services.save_plan(by=request.user, study=found.study, **form.validated_data)
        saved = selectors.study_plan_for(request.user, study)
        return Response(serializers.StudyPlan(saved).data)
