"""Accounts come from invitations and from coordinators, never from an open sign-up form."""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User


class InvitedOnlyAdapter(DefaultAccountAdapter):
    """Close the sign-up page, and answer closed accounts on the login page."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Say so to whoever knows the password; nobody else learns of it."""
        messages.error(request, "This account is closed. Ask the person who runs this server.")
        return redirect("account_login")
