"""The engine in Django's admin: what was given up, signs of life, facts. Live rows are read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q import admin as bulk_admin  # its pages would load pickles: registered first, then taken off (A99)

from core import admin_audit, audit, due
from core.admin_base import ReadOnlyAdmin
from core.admin_lists import lately
from core.errors import Conflict
from core.models import AuditEntry, Beat, BulkJob, DueRow, Fact
from core.web.access import require

for model in (bulk_admin.Schedule, bulk_admin.Success, bulk_admin.Failure, bulk_admin.OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

admin.site.register(AuditEntry, admin_audit.AuditEntryAdmin)
SEE, RUN = "health.see", "engine.run"  # rows of the table of rights, which `core` knows by name


@transaction.atomic
def try_again(actor: Any, row: DueRow) -> None:
    """Give a parked row a fresh set of attempts; raises Conflict for one that is not parked."""
    require(actor, RUN)
    _one(actor, "try_again", row, due.try_again([row.pk]))


@transaction.atomic
def dismiss(actor: Any, row: DueRow) -> None:
    """End a parked row without doing it; raises Conflict for one that is not parked."""
    require(actor, RUN)
    _one(actor, "dismiss", row, due.dismiss([row.pk]))


def _one(actor: Any, verb: str, row: DueRow, count: int) -> None:
    if count != 1:
        raise Conflict("It is not parked.", code="illegal_move")
    audit.write(actor, f"due.{verb}", row.key)


@admin.register(DueRow)
class DueRowAdmin(ReadOnlyAdmin):
    """The due queue; parked rows can be tried again or dismissed."""

    sees = SEE
    list_display = ("key", "kind", "state", "due", "attempts", "error")
    list_filter = ("state", "kind")
    search_fields = ("key", "ref")
    ordering = ("-id",)
    actions = ("try_again", "dismiss")

    def audit_keys(self, thing: DueRow) -> list[str]:
        """The audit knows it by its key."""
        return [thing.key]

    @admin.action(description="Try the selected parked rows again", permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[DueRow]) -> None:
        """Give them a fresh set of attempts."""
        self.each(request, queryset, try_again, "Tried again.")

    @admin.action(description="Dismiss the selected parked rows", permissions=["view"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[DueRow]) -> None:
        """End them without doing them."""
        self.each(request, queryset, dismiss, "Dismissed.")


@admin.register(BulkJob)
class BulkJobAdmin(ReadOnlyAdmin):
    """Bulk jobs."""

    sees = SEE
    list_display = ("name", "ref", "state", "attempts", "created_at", "error")
    list_filter = ("state", "name")
    ordering = ("-id",)


@admin.register(Fact)
class FactAdmin(ReadOnlyAdmin):
    """Facts, newest first; what they hold is not shown, since it names private incidents and who did what (S34)."""

    sees = SEE
    list_display = fields = ("kind", "at")
    list_filter = ("kind", lately("at"))
    ordering = ("-id",)


@admin.register(Beat)
class BeatAdmin(ReadOnlyAdmin):
    """Signs of life and alarms; of what they hold only the sentence, since things name private incidents (S34)."""

    sees = SEE
    list_display = fields = ("name", "at", "ok", "sentence")
    list_filter = ("ok",)
    search_fields = ("name",)

    @admin.display(description="What it says")
    def sentence(self, beat: Beat) -> str:
        """The sentence of an alarm or of the auditor; signs of life have none."""
        return str(beat.detail.get("sentence", ""))
