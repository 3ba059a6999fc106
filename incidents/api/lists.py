"""What belongs to the list: saved views, one verb for several incidents, the list as a file."""

from __future__ import annotations

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.actors import Actor
from accounts.queries import person_seen_by, team_seen_by
from core.api.base import ApiView, ListView, SignedIn
from core.api.fields import Line
from core.api.filters import flag
from incidents.api.inputs import LONG, Input
from incidents.api.shapes import NamedShape
from incidents.commands import bulk, exporting, views
from incidents.commands.lifecycle import RESOLUTION_CODES
from incidents.models import Incident, SavedView
from incidents.queries.access import incidents_seen_by
from incidents.queries.bulk import MOST
from incidents.queries.search import Names, narrowed, query_of
from incidents.queries.sheet import Sheet
from incidents.queries.views import view_seen_by, views_seen_by
from oncall.queries.services import policy_seen_by


class ViewShape(serializers.ModelSerializer[SavedView]):
    """A saved view; without a team it is its owner's alone."""

    owner = NamedShape(source="user")
    team = NamedShape(allow_null=True)

    class Meta:
        model = SavedView
        fields = ["id", "name", "query", "owner", "team", "version"]
        read_only_fields = fields


class ViewInput(Input):
    """A name, a query as in the list's search, and the team that shares it."""

    name = Line(max_length=40)
    query = Line(max_length=200, allow_blank=True)
    team = serializers.IntegerField(min_value=1, required=False, allow_null=True)
    example = {"name": "Ours", "query": "state:open team:payments"}


class SeveralInput(Input):
    """The verb, the numbers, and the values of the single verb."""

    verb = serializers.ChoiceField(choices=list(bulk.COMMANDS))
    numbers = serializers.ListField(child=serializers.IntegerField(min_value=1), min_length=1, max_length=MOST)
    resolution = serializers.CharField(max_length=LONG, required=False, allow_blank=True)
    code = serializers.ChoiceField(choices=RESOLUTION_CODES, required=False)
    user = serializers.IntegerField(min_value=1, required=False)
    policy = serializers.IntegerField(min_value=1, required=False)
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)
    example = {"verb": "resolve", "numbers": [41, 42], "resolution": "The cache was restarted."}


class DoneShape(serializers.Serializer[Incident]):
    """An incident as it is after the verb."""

    number = serializers.IntegerField()
    status = serializers.CharField()
    version = serializers.IntegerField()


class ExportInput(Input):
    """Which incidents; empty is all."""

    q = Line(max_length=200, required=False, allow_blank=True)
    example = {"q": "state:open priority:P1,P2"}


def _team(actor: Actor, given: dict[str, Any]) -> dict[str, Any]:
    if given.get("team") is not None:
        given["team"] = team_seen_by(actor, given["team"])
    return given


class Views(ListView):
    """Saved views."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}
    filters = {"shared": flag("team__isnull", "Those of one person alone (true), or shared ones.")}

    @extend_schema(operation_id="incident_views_list", responses=ViewShape(many=True))
    def get(self, request: Request) -> Response:
        """List one's own views and those of one's teams."""
        return self.page(views_seen_by(self.actor), ViewShape)

    @extend_schema(operation_id="incident_views_create", request=ViewInput, responses={201: ViewShape})
    def post(self, request: Request) -> Response:
        """Keep a query under a name."""
        made = views.save_view(self.actor, **_team(self.actor, self.parse(ViewInput)))
        return Response(ViewShape(made).data, status=status.HTTP_201_CREATED)


class OneView(ApiView):
    """One saved view."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="incident_views_edit", request=ViewInput, responses=ViewShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename it, change its query or who sees it."""
        given = _team(self.actor, self.parse(ViewInput, partial=True))
        made = views.edit_view(self.actor, view_seen_by(self.actor, pk), version=self.version(), **given)
        return Response(ViewShape(made).data)

    @extend_schema(operation_id="incident_views_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Take it away."""
        views.delete_view(self.actor, view_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


CSV = OpenApiTypes.STR
VALUES = {"resolve": ("resolution", "code"), "reassign": ("user", "policy", "reason")}


class Several(ApiView):
    """One verb for several incidents."""

    permission_classes = [SignedIn]
    refusals = {404}

    @extend_schema(operation_id="incidents_bulk", request=SeveralInput, responses=DoneShape(many=True))
    def post(self, request: Request) -> Response:
        """Do it to all of them or to none; a refusal names each that is in the way (A61)."""
        given = self.parse(SeveralInput)
        verb, numbers = given.pop("verb"), given.pop("numbers")
        values = {name: given[name] for name in VALUES.get(verb, ()) if name in given}
        if "user" in values:
            values["user"] = person_seen_by(self.actor, values["user"])
        if "policy" in values:
            values["policy"] = policy_seen_by(self.actor, values["policy"])
        made: Any = bulk.act_on_all(self.actor, verb, numbers, **values)
        return Response(DoneShape(made, many=True).data)


class Export(ApiView):
    """The list as a file."""

    permission_classes = [SignedIn]
    repeatable = False  # the answer is a stream, which nobody keeps

    @extend_schema(
        operation_id="incidents_export", request=ExportInput, responses={(200, "text/csv"): OpenApiTypes.STR}
    )
    def post(self, request: Request) -> StreamingHttpResponse:
        """CSV in UTF-8 with a byte order mark, times in UTC; one at a time for each person (A17, A90)."""
        text = self.parse(ExportInput).get("q", "")
        names, query = Names(self.actor), query_of(text)
        narrowed(names, incidents_seen_by(self.actor), query)
        sheet = Sheet(names, query, exporting.begin_export(self.actor, query=text))
        answer = StreamingHttpResponse(sheet, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="incidents.csv"'
        return answer
