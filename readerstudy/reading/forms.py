"""Forms of the reading room's pages: what was typed, checked for form, never for rules."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from accounts.models import User
from accounts.selectors import user_named
from cohorts.models import Cohort


class StyledForm(forms.Form):
    """A form whose widgets carry the classes of the page's style."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            ticks = (forms.CheckboxInput, forms.CheckboxSelectMultiple)
            style = "form-check-input" if isinstance(field.widget, ticks) else "form-control"
            field.widget.attrs["class"] = style


class StudyForm(StyledForm):
    """A new study."""

    title = forms.CharField(max_length=120, help_text="Readers see it.")
    cohorts = forms.ModelMultipleChoiceField(
        queryset=Cohort.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        help_text="Every included patient of these cohorts is one case.",
        error_messages={"required": "Choose at least one cohort to read."},
    )

    def __init__(self, *args: Any, cohorts: QuerySet[Cohort], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cohorts"].queryset = cohorts


class ProtocolForm(StyledForm):
    """Title and text of a draft."""

    title = forms.CharField(max_length=120)
    protocol = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 12}),
        required=False,
        help_text="Readers see this text before and while they read. It is locked at opening.",
    )


class ReaderForm(StyledForm):
    """A reader who has an account."""

    username = forms.CharField(
        label="User name or e-mail",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off"}),
    )

    def clean_username(self) -> User:
        """Return the account itself."""
        user = user_named(self.cleaned_data["username"])
        if user is None:
            raise ValidationError(
                "There is no account with this name or address: check the spelling, or invite the "
                "person by link.",
                code="unknown_user",
            )
        return user


class InvitationForm(StyledForm):
    """A reader who has none yet."""

    email = forms.EmailField(
        label="E-mail",
        help_text="For the new account. Nothing is sent: you pass the link on yourself.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class OpenForm(StyledForm):
    """The confirmation that a study opens."""

    confirm = forms.BooleanField(
        label="I have checked the protocol, the cohorts and the readers.",
        error_messages={"required": "Tick the box to open the study."},
    )


class CloseForm(StyledForm):
    """The confirmation that a study closes."""

    confirm_incomplete = forms.BooleanField(
        label="Close although cases are not submitted.", required=False
    )
    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)


class AccountForm(StyledForm):
    """A new account for an invited person."""

    username = forms.CharField(
        label="User name",
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 10 characters.",
        strip=False,
    )
    password_again = forms.CharField(
        label="Password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def clean_password_again(self) -> str:
        """Refuse a second password that differs."""
        again: str = self.cleaned_data["password_again"]
        if again != self.cleaned_data.get("password"):
            raise ValidationError("The two passwords differ: type them again.", code="differs")
        return again
