"""The shape of a schedule's form: fields, and the people in the order of their turns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import QueryDict

from accounts.models import Team, User
from core.web.forms import VersionedForm, choice, line, offer, whole
from core.zones import zone_choices
from oncall.forms.rows import press

MOST_ROWS = 100
UNITS = (("hour", "hours"), ("day", "days"), ("week", "weeks"), ("month", "months"))


class ScheduleForm(VersionedForm):
    """Everything of a schedule but its people."""

    name = line("Name", 120)
    team = choice("Team", (), "Its managers may change the schedule.")
    time_zone = choice("Time zone", zone_choices, "Hand-offs stay at this zone's clock, in summer and winter.")
    anchor = forms.CharField(
        label="First hand-off",
        max_length=25,
        help_text="In the time zone above; every later hand-off is counted from it.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "input"}, format="%Y-%m-%dT%H:%M"),
    )
    length = whole("Each turn lasts", 1, 366)
    unit = choice("Unit", UNITS)

    def __init__(self, *args: Any, teams: Iterable[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(team.pk): team for team in teams}
        offer(self, "team", [(pk, team.name) for pk, team in self.teams.items()])

    def values(self) -> dict[str, Any]:
        """Keyword arguments that creating and editing share."""
        return {name: self.cleaned_data[name] for name in ("name", "time_zone", "anchor", "length", "unit")}

    def owner(self) -> Team:
        """The chosen team."""
        return self.teams[self.cleaned_data["team"]]


class Turns:
    """The people in the order of their turns, as rows that buttons move."""

    def __init__(self, rows: list[str], people: Iterable[User]) -> None:
        self.rows = rows
        self.options = [(str(user.pk), user.name) for user in people]
        self.wrong = ""

    def press(self, wanted: str) -> None:
        """Add, move or take away a row."""
        press(self.rows, wanted, "", MOST_ROWS)

    def check(self) -> bool:
        """Only people of the list, and at least one."""
        known = {value for value, _ in self.options}
        if any(row and row not in known for row in self.rows):
            self.wrong = "Choose a person of the list."
        elif not self.ids():
            self.wrong = "A schedule needs somebody who takes turns."
        return not self.wrong

    def ids(self) -> list[int]:
        """The chosen people, in order; empty rows are left out."""
        return [int(row) for row in self.rows if row.isascii() and row.isdigit()]


def typed_turns(data: QueryDict) -> list[str]:
    """The rows as they were sent."""
    return data.getlist("member")[:MOST_ROWS]
