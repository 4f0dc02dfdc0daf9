"""The lobby: the start page of each person, and the health check."""

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views import View

from readerstudy.dashboard import selectors


class Home(LoginRequiredMixin, View):
    """Lead everybody to their work: readers straight to their cases."""

    def get(self, request: HttpRequest) -> HttpResponse:
        tasks = selectors.tasks_of(request.user)
        if len(tasks) == 1:
            return redirect(tasks[0].url)
        waiting = selectors.with_waiting(request.user, tasks)
        return render(request, "dashboard/home.html", {"tasks": waiting})


class Health(View):
    """Say whether the process serves and the database answers; needs no sign-in, tells no more."""

    def get(self, request: HttpRequest) -> JsonResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return JsonResponse({"status": "ok", "version": settings.VERSION})
