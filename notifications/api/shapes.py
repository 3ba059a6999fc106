"""What addresses, messages and providers look like in JSON; rules stand in the commands."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.api.fields import Line
from notifications.models import ContactMethod, Delivery, DeliveryAttempt
from notifications.queries.log import ProviderHealth
from notifications.states import STATES


class ContactMethodShape(serializers.ModelSerializer[ContactMethod]):
    """An address of one's own; its secrets are never read back."""

    class Meta:
        model = ContactMethod
        fields = [
            "id",
            "provider",
            "label",
            "address",
            "verified_at",
            "broken_at",
            "broken_reason",
            "last_delivered_at",
            "created_at",
        ]
        read_only_fields = fields


class NewContactMethodShape(ContactMethodShape):
    """An address just made, with the signing secret of a webhook for this once."""

    signing_secret = serializers.CharField(read_only=True, allow_blank=True)

    class Meta(ContactMethodShape.Meta):
        fields = [*ContactMethodShape.Meta.fields, "signing_secret"]
        read_only_fields = fields


class ContactMethodInput(serializers.Serializer[Any]):
    """An address to be added; `secrets` are the provider's own fields for it."""

    provider = serializers.CharField(max_length=30)
    address = Line(max_length=500)
    label = Line(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]
    secrets = serializers.DictField(child=serializers.CharField(max_length=2000, allow_blank=True), required=False)
    example = {"provider": "email", "address": "zoe@example.org", "label": "Home"}


class SubscriptionInput(serializers.Serializer[Any]):
    """What `PushSubscription.toJSON()` gives; `former` is the endpoint that it replaces."""

    endpoint = Line(max_length=500)
    keys = serializers.DictField(child=serializers.CharField(max_length=200))
    expirationTime = serializers.FloatField(required=False, allow_null=True)  # noqa: N815 (the browser's name)
    former = serializers.CharField(max_length=500, required=False, allow_blank=True)
    label = Line(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]


class LabelInput(serializers.Serializer[Any]):
    """Another label."""

    label = Line(max_length=60, allow_blank=True)  # type: ignore[assignment]
    example = {"label": "Work phone"}


class CodeInput(serializers.Serializer[Any]):
    """The code that was sent to the address."""

    code = Line(max_length=40)
    example = {"code": "123456"}


class AttemptShape(serializers.ModelSerializer[DeliveryAttempt]):
    """One try at a provider."""

    class Meta:
        model = DeliveryAttempt
        fields = ["number", "started_at", "ended_at", "outcome", "detail"]
        read_only_fields = fields


class DeliveryShape(serializers.ModelSerializer[Delivery]):
    """A message on its way or at its end, with every attempt; the address is masked (A95)."""

    user = serializers.IntegerField(source="user_id", allow_null=True, read_only=True)
    name = serializers.CharField(source="user.name", default=None, allow_null=True, read_only=True)
    address = serializers.CharField(source="masked", read_only=True)
    title = serializers.CharField(source="heading", read_only=True)
    state = serializers.ChoiceField(choices=STATES, read_only=True)
    bundled_into = serializers.IntegerField(source="bundled_into_id", allow_null=True, read_only=True)
    tries = AttemptShape(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields = [
            "id",
            "purpose",
            "purpose_key",
            "user",
            "name",
            "provider",
            "address",
            "title",
            "rank",
            "first",
            "state",
            "created_at",
            "due_at",
            "held_until",
            "handed_at",
            "confirmed_at",
            "ended_at",
            "attempts",
            "error",
            "bundled_into",
            "tries",
        ]
        read_only_fields = fields


class FieldShape(serializers.Serializer[Any]):
    """One value that a provider asks for."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField()
    secret = serializers.BooleanField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    hint = serializers.CharField()


class ProviderShape(serializers.Serializer[ProviderHealth]):
    """A carrier: what it asks for, and how it has done in the last hour."""

    id = serializers.CharField(source="provider.id")
    label = serializers.CharField(source="provider.label")  # type: ignore[assignment]
    usable = serializers.BooleanField()
    proof = serializers.ChoiceField(source="provider.proof", choices=["code", "none"])
    address_field = FieldShape(source="provider.address_field")
    secret_fields = FieldShape(source="provider.secret_fields", many=True)
    waiting = serializers.IntegerField()
    sent = serializers.IntegerField()
    failed = serializers.IntegerField()
    last_sent_at = serializers.DateTimeField(allow_null=True)


class ProviderDetailShape(ProviderShape):
    """A carrier with what an operator may see: settings without secrets, which say only whether they are set."""

    settings_fields = FieldShape(source="provider.settings_fields", many=True)
    settings = serializers.SerializerMethodField()
    callback_url = serializers.SerializerMethodField()
    public_key = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    @extend_schema_field(serializers.DictField(child=serializers.CharField()))
    def get_settings(self, row: ProviderHealth) -> Any:
        """The values, `set` in place of a secret; empty for those who may not see them."""
        return self.context.get("settings", {})

    @extend_schema_field(serializers.CharField(allow_blank=True))
    def get_callback_url(self, row: ProviderHealth) -> Any:
        """Where the carrier is to report; empty for those who may not see it."""
        return self.context.get("callback_url", "")

    @extend_schema_field(serializers.CharField(allow_blank=True))
    def get_public_key(self, row: ProviderHealth) -> Any:
        """What a browser needs to subscribe to push."""
        return self.context.get("public_key", "")


class ProviderInput(serializers.Serializer[Any]):
    """An operator's settings; a secret that is left empty stays as it is."""

    enabled = serializers.BooleanField()
    settings = serializers.DictField(child=serializers.CharField(max_length=2000, allow_blank=True), required=False)
    example = {"enabled": False}
