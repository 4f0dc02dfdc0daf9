"""The foundation: users, roles, audit trail."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        import accounts.schema  # noqa: F401 - registers the session scheme with drf-spectacular
