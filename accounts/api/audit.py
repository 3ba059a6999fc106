"""The audit, for reading; nobody writes or deletes it (A93)."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.reading import entries_seen_by
from core.api import filters
from core.api.base import ListView, SignedIn
from core.audit_words import without_secrets
from core.models import AuditEntry

LONGEST_VERB = 60


def _verb() -> filters.Filter:
    """What was done, by how it begins."""

    def read(text: str) -> Q:
        if len(text) > LONGEST_VERB:
            raise ValueError(f"Must have {LONGEST_VERB} characters at most.")
        return Q(verb__startswith=text)

    schema = {"type": "string", "maxLength": LONGEST_VERB}
    return filters.Filter(read, schema, "How the verb begins, such as service.")


class AuditShape(serializers.ModelSerializer[AuditEntry]):
    """Who did what to which thing, with each field before and after; secrets are not in it."""

    name = serializers.CharField(source="label", help_text="What the actor was called then.")
    before = serializers.SerializerMethodField()
    after = serializers.SerializerMethodField()

    class Meta:
        model = AuditEntry
        fields = ["id", "at", "actor", "name", "verb", "thing", "address", "before", "after"]
        read_only_fields = fields

    def get_before(self, entry: AuditEntry) -> dict[str, Any]:
        """The fields as they were."""
        return without_secrets(entry.before)

    def get_after(self, entry: AuditEntry) -> dict[str, Any]:
        """The fields as they are since."""
        return without_secrets(entry.after)


class Audit(ListView):
    """The entries that the actor may read."""

    permission_classes = [SignedIn]
    filters = {
        "thing": filters.exact("thing", "The thing, such as service:3.", limit=120),
        "actor": filters.exact("actor", "Who did it, such as user:7.", limit=120),
        "verb": _verb(),
        "since": filters.moment("at__gte", "Done at this time or later."),
        "until": filters.moment("at__lt", "Done before this time."),
    }

    @extend_schema(operation_id="audit_list", responses=AuditShape(many=True))
    def get(self, request: Request) -> Response:
        """List entries: one's own acts, a manager's teams', a process owner's and administrator's all."""
        return self.page(entries_seen_by(self.actor), AuditShape)
