"""Integration keys over the API: the text of a key is in the answer to its making alone (A45)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.base import ApiView, ListView, SignedIn
from integrations.api import shapes
from integrations.commands import inbound, keys
from integrations.models import IntegrationKey
from integrations.queries.keys import KeyHealth, key_health, key_seen_by, keys_of
from oncall.queries.services import service_seen_by


def _issued(key: IntegrationKey, raw: str) -> Response:
    return Response({**shapes.KeyShape(key).data, "key": raw}, status=status.HTTP_201_CREATED)


class Keys(ListView):
    """The keys of a service."""

    permission_classes = [SignedIn]
    repeatable = False  # a kept answer would hold the key (A98)
    orderings = {"oldest": ("pk",)}
    health: Mapping[int, KeyHealth] = {}

    @extend_schema(operation_id="services_keys", responses=shapes.KeyShape(many=True))
    def get(self, request: Request, pk: int) -> Response:
        """List a service's integration keys with their health."""
        service = service_seen_by(self.actor, pk)
        rows = keys_of(self.actor, service)
        self.health = key_health(service)
        return self.page(rows, shapes.KeyShape)

    @extend_schema(operation_id="services_keys_issue", request=shapes.KeyInput, responses={201: shapes.IssuedKeyShape})
    def post(self, request: Request, pk: int) -> Response:
        """Issue a key; its text is shown this once."""
        service = service_seen_by(self.actor, pk)
        return _issued(*keys.issue(self.actor, service, **self.parse(shapes.KeyInput)))


class Key(ApiView):
    """One key."""

    permission_classes = [SignedIn]
    versioned = True
    health: Mapping[int, KeyHealth] = {}

    @extend_schema(operation_id="keys_see", responses=shapes.KeyShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a key, without its text."""
        key = key_seen_by(self.actor, pk)
        self.health = key_health(key.service)
        return Response(shapes.KeyShape(key, context={"view": self}).data)

    @extend_schema(operation_id="keys_edit", request=shapes.KeyEdit, responses=shapes.KeyShape)
    def patch(self, request: Request, pk: int) -> Response:
        """Rename a key or choose its paths."""
        values = self.parse(shapes.KeyEdit, partial=True)
        key = keys.edit(self.actor, key_seen_by(self.actor, pk), version=self.version(), **values)
        return Response(shapes.KeyShape(key).data)


class RotateKey(ApiView):
    """A successor of a key."""

    permission_classes = [SignedIn]
    repeatable = False  # a kept answer would hold the key (A98)

    @extend_schema(operation_id="keys_rotate", request=shapes.RotateInput, responses={201: shapes.IssuedKeyShape})
    def post(self, request: Request, pk: int) -> Response:
        """Make a successor; the old key works until the grace is over."""
        grace = timedelta(hours=self.parse(shapes.RotateInput)["grace_hours"])
        return _issued(*keys.rotate(self.actor, key_seen_by(self.actor, pk), grace=grace))


class RevokeKey(ApiView):
    """The end of a key."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="keys_revoke", request=None, responses=shapes.KeyShape)
    def post(self, request: Request, pk: int) -> Response:
        """Refuse a key from now on."""
        return Response(shapes.KeyShape(keys.revoke(self.actor, key_seen_by(self.actor, pk))).data)


class TestEvent(ApiView):
    """Trying out a service."""

    permission_classes = [SignedIn]

    @extend_schema(
        operation_id="services_test_event",
        request=shapes.TestEventInput,
        responses={202: shapes.TestEventShape},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Send a test event to a service."""
        service = service_seen_by(self.actor, pk)
        accepted = inbound.send_test(self.actor, service, **self.parse(shapes.TestEventInput))
        return Response(shapes.TestEventShape(accepted).data, status=status.HTTP_202_ACCEPTED)
