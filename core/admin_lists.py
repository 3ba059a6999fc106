"""Lists of the administration: counted to a bound, filtered by what they offer alone (A13, A65, P7)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

from core import clock
from core.errors import Invalid

BOUND = 10_000  # rows that a list counts and turns through; the rest is found by filters
LONGEST = 200  # signs of a search or of a filter's value
# What a filter may ask of its field; each is what Django's own filters send.
ASKED = (
    "",
    "__exact",
    "__id__exact",
    "__pk__exact",
    "__isnull",
    "__isempty",
    "__gte",
    "__lt",
    "__year",
    "__month",
    "__day",
)


class BoundedPaginator(Paginator[Any]):
    """Counts at most `BOUND` rows: on a table of millions the list costs what its first pages cost."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, or the bound where there are more."""
        rows: Any = self.object_list
        return int(rows.order_by()[:BOUND].count()) if hasattr(rows, "order_by") else len(rows)


class BoundedList(ChangeList):
    """A list that speaks of results only where it was searched or filtered."""

    def get_results(self, request: HttpRequest) -> None:
        """As Django's, with one count instead of two."""
        super().get_results(request)
        if not self.query and not self.has_active_filters:
            self.full_result_count = self.result_count


def is_listed(lookup: str, filters: Iterable[Any]) -> bool:
    """Whether a parameter of the address belongs to one of the list's filters."""
    return any(lookup == f"{path}{asked}" for path in map(_path, filters) if path for asked in ASKED)


def _path(each: Any) -> str:
    """The field of a filter, or the parameter of one that is a class."""
    if isinstance(each, str):
        return each
    if isinstance(each, tuple):
        return str(each[0])
    return str(getattr(each, "parameter_name", ""))


def check_query(request: HttpRequest) -> None:
    """Refuse what no filter means and a database may choke on (A21, A91)."""
    for name, values in request.GET.lists():
        if any("\0" in text or len(text) > LONGEST for text in (name, *values) if name != "_changelist_filters"):
            raise Invalid("This search or filter cannot be used.", hint=f"Use at most {LONGEST} signs.")


SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}


def lately(field: str, title: str = "when") -> type[SimpleListFilter]:
    """A filter by how long ago something was: one comparison on an index, where Django's dates read the whole table."""

    class Lately(SimpleListFilter):
        """The last hour, day, week or 30 days."""

        parameter_name = "lately"

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            """The spans."""
            return [("hour", "Last hour"), ("day", "Last day"), ("week", "Last week"), ("month", "Last 30 days")]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            """The rows of the span; a word that names none narrows nothing."""
            span = SPANS.get(self.value() or "")
            return queryset if span is None else queryset.filter(**{f"{field}__gte": clock.now() - span})

    Lately.title = title
    return Lately
