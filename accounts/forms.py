"""The shape of this room's HTML input; rules stand in the commands."""

from __future__ import annotations

import zoneinfo

from django import forms


def zone_choices() -> list[tuple[str, str]]:
    """Every time zone, by name."""
    return [(name, name.replace("_", " ")) for name in sorted(zoneinfo.available_timezones())]


class FirstAdministratorForm(forms.Form):
    """Who sets the portal up."""

    name = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        max_length=256,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="Ten characters or more",
    )
    time_zone = forms.ChoiceField(choices=zone_choices, initial="UTC", help_text="Times are shown in it")
