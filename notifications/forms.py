"""Shapes of what the room's pages take: drawn from the providers' own fields."""

from __future__ import annotations

import json
from typing import Any

from django import forms

from core.errors import Invalid, PortalError
from core.web.forms import PortalForm, dress, line
from notifications.kinds import Field, Provider

KINDS = {"email": forms.EmailInput, "url": forms.URLInput, "tel": forms.TextInput, "text": forms.TextInput}
COMPLETE = {"email": "email", "tel": "tel", "url": "url"}


def drawn(item: Field) -> forms.CharField:
    """One value that a provider asks for."""
    attrs = {"autocomplete": "off" if item.secret else COMPLETE.get(item.kind, "off")}
    if item.kind == "tel":
        attrs |= {"inputmode": "tel", "placeholder": "+49 171 555 123"}
    widget = forms.PasswordInput if item.secret else KINDS.get(item.kind, forms.TextInput)
    return forms.CharField(
        label=item.label, max_length=2000, required=item.required, help_text=item.hint, widget=widget(attrs=attrs)
    )


class MethodForm(PortalForm):
    """An address with one provider, and a name for it."""

    def __init__(self, *args: Any, provider: Provider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.provider = provider
        self.fields["address"] = drawn(provider.address_field)
        for item in provider.secret_fields:
            self.fields[f"secret_{item.name}"] = drawn(item)
        self.fields["label"] = line("Name for it", 60, "Such as “My mobile”.", required=False)
        for field in self.fields.values():
            dress(field.widget)

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        secrets = {item.name: given[f"secret_{item.name}"] for item in self.provider.secret_fields}
        return {
            "provider": self.provider.id,
            "address": given["address"],
            "label": given["label"],
            "secrets_given": secrets,
        }

    def refuse(self, error: PortalError | None = None) -> None:
        """A provider names its secrets without our prefix, and the address as its carrier calls it."""
        if error is not None:
            secrets = {item.name for item in self.provider.secret_fields}
            said = {f"secret_{name}" if name in secrets else name: each for name, each in error.fields.items()}
            error.fields = {name if name in self.fields else "address": each for name, each in said.items()}
            if isinstance(error, Invalid) and not error.fields and error.code == "invalid":
                error.fields = {"address": [error.detail]}
        super().refuse(error)


class CodeForm(PortalForm):
    """The code that was sent to the address."""

    code = line("Code", 40, "Six digits, good for 15 minutes.", inputmode="numeric", autocomplete="one-time-code")


class BrowserForm(PortalForm):
    """A browser's subscription, as the browser itself writes it down."""

    subscription = forms.CharField(max_length=4000, widget=forms.HiddenInput)
    former = forms.CharField(max_length=500, required=False, widget=forms.HiddenInput)

    def clean_subscription(self) -> dict[str, Any]:
        """Its endpoint and its two keys, each a text."""
        try:
            given = json.loads(self.cleaned_data["subscription"])
            found = {"endpoint": given["endpoint"], "keys": {name: given["keys"][name] for name in ("p256dh", "auth")}}
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise forms.ValidationError("This is not a browser's subscription.") from error
        if not all(isinstance(text, str) for text in (found["endpoint"], *found["keys"].values())):
            raise forms.ValidationError("This is not a browser's subscription.")
        return found


class LabelForm(PortalForm):
    """Another name for an address."""

    label = line("Name for it", 60, required=False)
