"""One's own addresses: read by a token, changed only in a signed-in browser (matrix, A43)."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import require
from core.api.base import ApiView, ListView, SignedIn
from core.api.errors import placed
from core.devices import device_name
from notifications.api import shapes
from notifications.commands import contact_methods, devices
from notifications.kinds import provider_of
from notifications.models import ContactMethod as Method
from notifications.permissions import CONTACT_EDIT
from notifications.providers.carrier import look_up
from notifications.queries.log import method_seen_by, methods_seen_by


class NoRepeats(ApiView):
    """An address that takes no `Idempotency-Key`: a secret would be kept, or a counted try undone (A43, A98)."""

    permission_classes = [SignedIn]
    repeatable = False


class ContactMethods(NoRepeats, ListView):
    """One's own addresses."""

    permission_classes = [SignedIn]
    refusals = {404, 502}

    @extend_schema(operation_id="contact_methods_list", responses=shapes.ContactMethodShape(many=True))
    def get(self, request: Request) -> Response:
        """List one's own addresses."""
        return self.page(methods_seen_by(self.actor), shapes.ContactMethodShape)

    @extend_schema(
        operation_id="contact_methods_add",
        request=shapes.ContactMethodInput,
        responses={201: shapes.NewContactMethodShape},
    )
    def post(self, request: Request) -> Response:
        """Add an address; where its carrier wants one, a code is sent to it."""
        given = self.parse(shapes.ContactMethodInput)
        actor = self.actor
        require(actor, CONTACT_EDIT, Method(user=actor.user))  # before the name service is asked for anybody
        carrier = provider_of(given["provider"])
        if carrier.address_field.kind == "url":
            look_up(given["address"], field="address")
        with placed({each.name: f"secrets.{each.name}" for each in carrier.secret_fields}):
            made = contact_methods.add(
                actor,
                actor.user,
                provider=carrier.id,
                address=given["address"],
                label=given.get("label", ""),
                secrets_given=given.get("secrets"),
            )
        secret = made.secrets.get("secret", "")
        shown = {**shapes.ContactMethodShape(made).data, "signing_secret": secret}
        return Response(shown, status=status.HTTP_201_CREATED)


class Subscription(NoRepeats):
    """The browser that asks, as a way to be reached."""

    refusals = {502}

    @extend_schema(
        operation_id="contact_methods_subscribe",
        request=shapes.SubscriptionInput,
        responses=shapes.ContactMethodShape,
    )
    def put(self, request: Request) -> Response:
        """Let a browser receive pages; one that is known, by this endpoint or by `former`, stays the same address."""
        given = self.parse(shapes.SubscriptionInput)
        actor = self.actor
        require(actor, CONTACT_EDIT, Method(user=actor.user))  # before the name service is asked for anybody
        look_up(given["endpoint"], field="endpoint")
        label = given.get("label") or device_name(request.headers.get("User-Agent", ""))
        former = given.get("former") or ""
        with placed({"address": "endpoint", "p256dh": "keys.p256dh", "auth": "keys.auth"}):
            made = devices.subscribe(
                actor, actor.user, endpoint=given["endpoint"], keys=given["keys"], former=former, label=label
            )
        return Response(shapes.ContactMethodShape(made).data)


class ContactMethod(ApiView):
    """One address."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="contact_methods_see", responses=shapes.ContactMethodShape)
    def get(self, request: Request, pk: int) -> Response:
        """See an address of one's own."""
        return Response(shapes.ContactMethodShape(method_seen_by(self.actor, pk)).data)

    @extend_schema(
        operation_id="contact_methods_rename", request=shapes.LabelInput, responses=shapes.ContactMethodShape
    )
    def patch(self, request: Request, pk: int) -> Response:
        """Give an address another label."""
        given = self.parse(shapes.LabelInput, partial=True)
        method = method_seen_by(self.actor, pk)
        changed = contact_methods.rename(self.actor, method, label=given.get("label", method.label))
        return Response(shapes.ContactMethodShape(changed).data)

    @extend_schema(operation_id="contact_methods_remove", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Take an address away."""
        contact_methods.remove(self.actor, method_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class VerifyContactMethod(NoRepeats):
    """The code of an address."""

    @extend_schema(operation_id="contact_methods_verify", request=shapes.CodeInput, responses=shapes.ContactMethodShape)
    def post(self, request: Request, pk: int) -> Response:
        """Prove an address by its code: five tries, 15 minutes."""
        given = self.parse(shapes.CodeInput)
        proven = contact_methods.verify(self.actor, method_seen_by(self.actor, pk), code=given["code"])
        return Response(shapes.ContactMethodShape(proven).data)


class SendCode(NoRepeats):
    """A new code."""

    @extend_schema(operation_id="contact_methods_send_code", request=None, responses={204: None})
    def post(self, request: Request, pk: int) -> Response:
        """Send a new code; the former one ends."""
        contact_methods.send_code(self.actor, method_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TestContactMethod(NoRepeats):
    """A test message."""

    @extend_schema(operation_id="contact_methods_test", request=None, responses={202: shapes.DeliveryShape})
    def post(self, request: Request, pk: int) -> Response:
        """Send a test message; how it went is in the delivery log."""
        queued = contact_methods.send_test(self.actor, method_seen_by(self.actor, pk))
        return Response(shapes.DeliveryShape(queued).data, status=status.HTTP_202_ACCEPTED)
