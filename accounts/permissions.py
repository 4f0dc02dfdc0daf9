"""API permissions: closed unless a view says who may enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission

if TYPE_CHECKING:  # rest_framework.views imports this module while it is being imported itself
    from rest_framework.request import Request
    from rest_framework.views import APIView


class RefuseByDefault(BasePermission):
    """Refuse everybody: a view without its own permission is closed, not open."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return False


class SignedIn(BasePermission):
    """Admit whoever is signed in; the selector decides what exists for them."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user and request.user.is_authenticated)
