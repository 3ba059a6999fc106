"""The organisation that runs the portal."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.commands.organisation import edit_organisation
from accounts.models import Organisation
from accounts.queries import organisation
from core.api.base import ApiView, SignedIn
from core.api.fields import Line, TimeZone


class OrganisationShape(serializers.ModelSerializer[Organisation]):
    """Its name, its time zone and its rule on second factors."""

    class Meta:
        model = Organisation
        fields = ["name", "time_zone", "staff_factor", "version"]
        read_only_fields = fields


class OrganisationInput(serializers.Serializer[Any]):
    """What may be changed."""

    name = Line(max_length=80)
    time_zone = TimeZone(max_length=64)
    staff_factor = serializers.BooleanField(
        required=False, help_text="Whether process owners and administrators need a second factor."
    )
    example = {"name": "Example Bank", "time_zone": "Europe/Berlin"}


class TheOrganisation(ApiView):
    """Whose portal this is."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(operation_id="organisation_see", responses=OrganisationShape)
    def get(self, request: Request) -> Response:
        """See the organisation."""
        return Response(OrganisationShape(organisation()).data)

    @extend_schema(operation_id="organisation_edit", request=OrganisationInput, responses=OrganisationShape)
    def patch(self, request: Request) -> Response:
        """Name the organisation, say in which zone it lives and whether staff need a second factor."""
        changes = self.parse(OrganisationInput, partial=True)
        return Response(OrganisationShape(edit_organisation(self.actor, version=self.version(), **changes)).data)
