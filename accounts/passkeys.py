"""Forms that carry what a browser says of a passkey; whatever is no such thing is refused, not a broken page (A42)."""

from __future__ import annotations

import struct
from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm, LoginWebAuthnForm
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from django import forms

LONGEST = 20_000
REFUSED = "The passkey was not accepted."
# What the libraries raise for answers that no browser gives.
WRONG = (AttributeError, LookupError, TypeError, ValueError, struct.error, InvalidSignature, UnsupportedAlgorithm)


class CredentialField(forms.JSONField):
    """JSON that is neither long nor deep."""

    def to_python(self, value: Any) -> Any:
        """An object; nothing else is an answer of a browser."""
        if len(str(value or "")) > LONGEST:
            raise forms.ValidationError(REFUSED)
        try:
            found = super().to_python(value)
        except RecursionError as error:
            raise forms.ValidationError(REFUSED) from error
        if found is not None and not isinstance(found, dict):
            raise forms.ValidationError(REFUSED)
        return found


class _Checked:
    def clean_credential(self) -> Any:
        """The passkey that has answered."""
        try:
            return super().clean_credential()  # type: ignore[misc]
        except WRONG as error:
            raise forms.ValidationError(REFUSED) from error


class StepForm(_Checked, AuthenticateWebAuthnForm):  # type: ignore[misc]
    """After the password."""

    credential = CredentialField(widget=forms.HiddenInput)


class AloneForm(_Checked, LoginWebAuthnForm):  # type: ignore[misc]
    """Instead of the password."""

    credential = CredentialField(widget=forms.HiddenInput)


class NewPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey that was just made."""

    credential = CredentialField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        """With its answer to our challenge."""
        try:
            found: dict[str, Any] = super().clean()
        except WRONG as error:
            raise forms.ValidationError(REFUSED) from error
        return found
