"""Session authentication that answers 401 instead of 403 when nobody is signed in."""

from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request


class SessionAuthentication401(SessionAuthentication):
    """Give the API a 401: a frame loader must never meet a redirect to a login page."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"
