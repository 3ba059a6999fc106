"""Services."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.queries import team_seen_by
from core.api.base import ApiView, ListView, SignedIn
from core.api.fields import VersionInput
from core.api.filters import flag, number, search
from core.errors import Invalid
from oncall.api import inputs, shapes
from oncall.commands import services
from oncall.queries.coverage import holes
from oncall.queries.services import policy_seen_by, service_seen_by, services_seen_by


def _resolved(actor: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Numbers replaced by the things that the actor may see."""
    if "team" in given:
        given["team"] = team_seen_by(actor, given["team"])
    if given.get("policy") is not None:
        given["policy"] = policy_seen_by(actor, given["policy"])
    return given


class Services(ListView):
    """All services; archived ones with `archived=true`."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"name": ("name", "pk"), "newest": ("-pk",)}
    filters = {
        "team": number("team_id", "Services of this team."),
        "customer_facing": flag("customer_facing", "Only those that customers see, or only the others."),
        "q": search("name", "description"),
    }
    parameters = ("archived",)

    @extend_schema(
        operation_id="services_list",
        parameters=[OpenApiParameter("archived", bool, description="Archived ones too.")],
        responses=shapes.ServiceShape(many=True),
    )
    def get(self, request: Request) -> Response:
        """List services."""
        archived = request.query_params.get("archived", "false")
        if archived not in {"true", "false"}:
            raise Invalid("archived: Must be true or false.", fields={"archived": ["Must be true or false."]})
        return self.page(services_seen_by(self.actor, archived=archived == "true"), shapes.ServiceShape)

    @extend_schema(operation_id="services_create", request=inputs.ServiceInput, responses={201: shapes.ServiceShape})
    def post(self, request: Request) -> Response:
        """Create a service."""
        given = _resolved(self.actor, self.parse(inputs.ServiceInput))
        made = services.create(self.actor, given.pop("team"), **given)
        return Response(_shown(self.actor, made.pk), status=status.HTTP_201_CREATED)


class Service(ApiView):
    """One service."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="services_see", responses=shapes.ServiceShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a service."""
        return Response(_shown(self.actor, pk))

    @extend_schema(operation_id="services_edit", request=inputs.ServiceInput, responses=shapes.ServiceShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Change a service."""
        given = _resolved(self.actor, self.parse(inputs.ServiceInput, partial=True))
        keep = "policy" not in given
        service = service_seen_by(self.actor, pk)
        services.edit(self.actor, service, version=self.version(), keep_policy=keep, **given)
        return Response(_shown(self.actor, pk))


class ArchiveService(ApiView):
    """Taking a service out of use."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="services_archive", request=VersionInput, responses=shapes.ServiceShape)
    def post(self, request: Request, pk: int) -> Response:
        """Archive a service; its history stays."""
        self.parse(VersionInput)
        services.archive(self.actor, service_seen_by(self.actor, pk), version=self.version())
        return Response(_shown(self.actor, pk))


class RestoreService(ApiView):
    """Bringing a service back into use."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="services_restore", request=VersionInput, responses=shapes.ServiceShape)
    def post(self, request: Request, pk: int) -> Response:
        """Restore an archived service."""
        self.parse(VersionInput)
        services.restore(self.actor, service_seen_by(self.actor, pk), version=self.version())
        return Response(_shown(self.actor, pk))


class Coverage(ApiView):
    """What would leave a page unanswered."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="coverage_see", responses=shapes.HoleShape(many=True))
    def get(self, request: Request) -> Response:
        """List services without a policy, policies that reach nobody, schedules with nobody on call now."""
        found = holes(self.actor)
        return Response(shapes.HoleShape(found, many=True).data)


def _shown(actor: Any, pk: int) -> dict[str, Any]:
    return dict(shapes.ServiceShape(service_seen_by(actor, pk)).data)
