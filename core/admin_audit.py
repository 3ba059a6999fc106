"""The audit in the administration: found, read in words, taken away as a file; nobody writes or deletes it (A93)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from core import audit, audit_words
from core.admin_base import ReadOnlyAdmin
from core.admin_lists import lately
from core.errors import Invalid
from core.models import AuditEntry
from core.sheets import BOM, csv_lines
from core.web.access import actor_of, require

SEE = "audit.see"
MOST_LINES = 10_000
HEAD = ("number", "at", "actor", "name", "verb", "thing", "address", "field", "before", "after")


class KindFilter(SimpleListFilter):
    """By the noun of what was changed."""

    title = "what"
    parameter_name = "what"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The nouns that the administration knows."""
        known = {getattr(each, "audit_noun", "") for each in model_admin.admin_site._registry.values()}  # noqa: SLF001
        return [(noun, noun.replace("_", " ")) for noun in sorted(known) if noun]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The entries of things of this kind."""
        noun = self.value()
        return queryset.filter(thing__startswith=f"{noun}:") if noun else queryset


class VerbFilter(SimpleListFilter):
    """By what was done, whatever it was done to."""

    title = "verb"
    parameter_name = "verb"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The verbs that matter most when something is looked for."""
        verbs = ("create", "edit", "delete", "issue", "rotate", "revoke", "change_role", "deactivate", "export")
        return [(verb, verb.replace("_", " ")) for verb in verbs]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """The entries whose verb ends so: `edit` finds `service.edit`."""
        verb = self.value()
        return queryset.filter(verb__endswith=verb) if verb else queryset


@transaction.atomic
def take_away(actor: Any, rows: QuerySet[AuditEntry]) -> str:
    """The entries as CSV, one line for each field that changed; audited. Raises Invalid for too many (A17, A90)."""
    require(actor, SEE)
    entries = list(rows.order_by("-pk")[: MOST_LINES + 1])
    if len(entries) > MOST_LINES:
        raise Invalid(f"At most {MOST_LINES:,} entries at once.", hint="Narrow the list by its filters.")
    told = audit_words.told(entries)
    audit.write(actor, "audit.export", "audit", after={"entries": len(entries)})
    return BOM + csv_lines([HEAD, *(line for each in told for line in _lines(each))])


def _lines(told: audit_words.Told) -> list[tuple[object, ...]]:
    entry = told.entry
    head = (entry.pk, entry.at.isoformat(), entry.actor, entry.label, entry.verb, entry.thing, entry.address)
    return [(*head, line.label, line.before, line.after) for line in told.lines] or [(*head, "", "", "")]


class AuditEntryAdmin(ReadOnlyAdmin):
    """Who changed what, when and from where."""

    sees = SEE
    list_display = ("at", "who", "did", "address")
    labels: ClassVar = {"address": "From", "hash": "Check sum of the record"}
    list_filter = (KindFilter, VerbFilter, lately("at"))
    search_fields = ("^thing", "^actor", "label", "^verb")
    search_help_text = "A thing (service:3), a person (user:7) or a name, or how a verb begins."
    ordering = ("-pk",)
    fields = readonly_fields = ("at", "who", "did", "address", "changes", "hash")
    actions = ("export",)

    @admin.display(description="Who")
    def who(self, entry: AuditEntry) -> str:
        """The name as it was then."""
        return entry.label or entry.actor

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with its entries in words: the names of a page are looked up together."""
        found = super().get_changelist_instance(request)
        for told in audit_words.told(found.result_list):
            told.entry.told = told  # type: ignore[attr-defined]
        return found

    @admin.display(description="What was done")
    def did(self, entry: AuditEntry) -> str:
        """What was done to what."""
        told = getattr(entry, "told", None) or audit_words.told([entry])[0]
        return str(told.sentence)

    @admin.display(description="Before and after")
    def changes(self, entry: AuditEntry) -> SafeString:
        """Each field that changed."""
        return render_to_string("admin/audit_rows.html", {"rows": audit_words.told([entry]), "show_thing": True})

    @admin.action(description="Take away as a CSV file", permissions=["view"])
    def export(self, request: HttpRequest, chosen: QuerySet[AuditEntry]) -> HttpResponse:
        """The chosen entries as a file."""
        text = take_away(actor_of(request), chosen)
        answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="audit.csv"'
        return answer
