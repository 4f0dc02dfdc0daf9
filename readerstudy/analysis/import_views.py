"""Pages of the analysis floor: a study read elsewhere, imported from one file."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views import View

from readerstudy.analysis import selectors, services
from readerstudy.analysis.forms import ImportForm
from readerstudy.analysis.imported_help import COLUMN_HELP, EXAMPLE


class Import(LoginRequiredMixin, View):
    """Import a file and start its first run; see what was imported before."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return _page(request, ImportForm(), status=200)

    def post(self, request: HttpRequest) -> HttpResponse:
        selectors.imports_for(request.user)
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return _page(request, form, status=422)
        try:
            dataset = services.import_dataset(by=request.user, **form.given())
            run = services.request_analysis(by=request.user, dataset=dataset)
        except ValidationError as refusal:
            form.add_error("file", refusal.messages)
            return _page(request, form, status=422)
        return redirect("analysis:run", run.public_id)


def _page(request: HttpRequest, form: ImportForm, *, status: int) -> HttpResponse:
    context = {
        "form": form,
        "columns": COLUMN_HELP,
        "datasets": selectors.imports_for(request.user),
    }
    return render(request, "analysis/import.html", context, status=status)


class ImportExample(LoginRequiredMixin, View):
    """A file that imports as it is."""

    def get(self, request: HttpRequest) -> HttpResponse:
        selectors.imports_for(request.user)
        return HttpResponse(
            EXAMPLE,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="nodewise-import-example.csv"'},
        )
