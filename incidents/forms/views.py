"""The shape of a saved view, and of what is done with several incidents at once."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from accounts.actors import Actor
from accounts.models import Team
from core.web.forms import VersionedForm, choice, line, offer
from incidents.forms.incidents import ReassignForm, ResolveForm, VerbForm
from incidents.models import Incident

BULK_FORMS: dict[str, type[VerbForm]] = {
    "acknowledge": VerbForm,
    "resolve": ResolveForm,
    "reassign": ReassignForm,
    "undo_acknowledge": VerbForm,
    "undo_resolve": VerbForm,
}


class ViewForm(VersionedForm):
    """A name, a query, and who sees it."""

    name = line("Name", 40, data_draft="name")
    query = line(
        "Search", 200, "As in the search of the list.", required=False, class_="input mono", data_draft="query"
    )
    team = choice("Who sees it", required=False)

    def __init__(self, *args: Any, teams: list[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teams = {str(row.pk): row for row in teams}
        offer(self, "team", [("", "Only me"), *((pk, f"Everybody in {row.name}") for pk, row in self.teams.items())])

    def values(self) -> dict[str, Any]:
        """Keyword arguments of the command."""
        given = self.cleaned_data
        return {"name": given["name"], "query": given["query"], "team": self.teams.get(given["team"])}


def bulk_form(verb: str, data: QueryDict | None, actor: Actor, incident: Incident) -> VerbForm:
    """The single verb's form without a version: each incident has its own, and its state is looked at instead."""
    form = BULK_FORMS[verb](data, actor=actor, incident=incident)
    del form.fields["version"]
    return form
