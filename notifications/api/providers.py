"""Carriers: what they ask for, how they do, and the operator's settings (administrators)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import can, require
from core import links
from core.api.base import ApiView, SignedIn
from core.api.errors import placed
from core.errors import Missing
from notifications.api import shapes
from notifications.commands import providers as commands
from notifications.kinds import provider_of
from notifications.models import ProviderConfig
from notifications.permissions import PROVIDER_EDIT, PROVIDER_SEE
from notifications.providers.carrier import look_up
from notifications.queries.log import ProviderHealth, provider_health


class Providers(ApiView):
    """Every carrier."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="providers_list", responses=shapes.ProviderShape(many=True))
    def get(self, request: Request) -> Response:
        """List the carriers with what they ask for and how they have done in the last hour."""
        require(self.actor, PROVIDER_SEE)
        return Response([shapes.ProviderShape(row).data for row in provider_health()])


class Provider(ApiView):
    """One carrier."""

    permission_classes = [SignedIn]
    versioned = True
    refusals = {502}
    repeatable = False  # a kept answer would outlive the settings that it shows

    @extend_schema(operation_id="providers_see", responses=shapes.ProviderDetailShape)
    def get(self, request: Request, provider: str) -> Response:
        """See a carrier; its settings are for administrators."""
        require(self.actor, PROVIDER_SEE)
        return self._shown(provider)

    @extend_schema(
        operation_id="providers_configure", request=shapes.ProviderInput, responses=shapes.ProviderDetailShape
    )
    def put(self, request: Request, provider: str) -> Response:
        """Set a carrier up, or switch it on and off; secrets are written and never read back."""
        given = self.parse(shapes.ProviderInput)
        require(self.actor, PROVIDER_EDIT)  # before the name service is asked for anybody
        if given.get("settings", {}).get("base_url"):
            look_up(given["settings"]["base_url"], field="settings.base_url")
        values = given.get("settings", {})
        with placed({each.name: f"settings.{each.name}" for each in provider_of(provider).settings_fields}):
            commands.configure(self.actor, provider, enabled=given["enabled"], values=values, version=self.version())
        return self._shown(provider)

    def _shown(self, provider: str) -> Response:
        row = next((each for each in provider_health() if each.provider.id == provider), None)
        if row is None:
            raise Missing("There is no such provider.")
        return Response(shapes.ProviderDetailShape(row, context=self._context(row)).data)

    def _context(self, row: ProviderHealth) -> dict[str, Any]:
        """What belongs to the operator, and the key that a browser needs."""
        carrier = row.provider
        found: dict[str, Any] = {}
        if carrier.own_key:
            found["public_key"] = carrier.public_key(commands.own_key(carrier))
        config = ProviderConfig.objects.filter(provider=carrier.id).first()
        if config is not None and can(self.actor, PROVIDER_EDIT):
            found["settings"] = commands.shown(carrier, config)
            found["callback_url"] = links.absolute(f"/callbacks/{carrier.id}/{config.callback_token}/")
        return found
