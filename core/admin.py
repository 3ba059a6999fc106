"""The engine in Django's admin: what was given up, signs of life, the audit. Live rows are read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_q import admin as bulk_admin  # its pages would load pickles: registered first, then taken off (A99)
from unfold.admin import ModelAdmin

from core import audit, due
from core.models import AuditEntry, Beat, BulkJob, DueRow, Fact
from core.web.access import actor_of

for model in (bulk_admin.Schedule, bulk_admin.Success, bulk_admin.Failure, bulk_admin.OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class ReadOnlyAdmin(ModelAdmin):
    """Shows rows to whoever may enter the admin; changes nothing."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever may enter sees the engine."""
        return bool(getattr(request.user, "is_staff", False))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever may enter sees the rows."""
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody edits rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nobody deletes rows by hand."""
        return False


@admin.register(DueRow)
class DueRowAdmin(ReadOnlyAdmin):
    """The due queue; parked rows can be tried again or dismissed."""

    list_display = ("key", "kind", "state", "due", "attempts", "error")
    list_filter = ("state", "kind")
    search_fields = ("key", "ref")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("try_again", "dismiss")

    @admin.action(description="Try the selected parked rows again", permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[DueRow]) -> None:
        """Give them a fresh set of attempts."""
        self._act(request, queryset, "try_again", due.try_again)

    @admin.action(description="Dismiss the selected parked rows", permissions=["view"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[DueRow]) -> None:
        """End them without doing them."""
        self._act(request, queryset, "dismiss", due.dismiss)

    def _act(self, request: HttpRequest, queryset: QuerySet[DueRow], verb: str, command: Any) -> None:
        with transaction.atomic():
            keys = dict(queryset.filter(state=DueRow.PARKED).values_list("pk", "key"))
            count = command(list(keys))
            for key in keys.values():
                audit.write(actor_of(request), f"due.{verb}", key)
        messages.success(request, f"{count} rows: {verb.replace('_', ' ')}.")


@admin.register(BulkJob)
class BulkJobAdmin(ReadOnlyAdmin):
    """Bulk jobs."""

    list_display = ("name", "ref", "state", "attempts", "created_at", "error")
    list_filter = ("state", "name")


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin):
    """Facts, newest first."""

    list_display = ("kind", "at", "payload")
    list_filter = ("kind",)
    ordering = ("-id",)
    show_full_result_count = False


@admin.register(Beat)
class BeatAdmin(ReadOnlyAdmin):
    """Signs of life and alarms; of what they hold only the sentence, since things name private incidents (S34)."""

    list_display = fields = ("name", "at", "ok", "sentence")
    list_filter = ("ok",)

    @admin.display(description="What it says")
    def sentence(self, beat: Beat) -> str:
        """The sentence of an alarm or of the auditor; signs of life have none."""
        return str(beat.detail.get("sentence", ""))


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what."""

    list_display = ("at", "label", "verb", "thing", "address")
    list_filter = ("verb",)
    search_fields = ("thing", "actor", "label")
    show_full_result_count = False
