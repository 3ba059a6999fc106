"""Test-only addresses that show what every API view gets from its base, and how tests call them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelError
from django.db import OperationalError
from django.http import Http404
from django.urls import include, path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from core.api import filters, urls
from core.api.base import Anyone, ApiView, ListView, SignedIn
from core.errors import Conflict, Forbidden, Invalid, Missing, Stale, TooMany, Unreachable
from core.models import FeedEntry

ENTRY = {"topic": "incident:7", "seq": 1, "kind": "note"}


class EntrySerializer(serializers.Serializer[FeedEntry]):
    """A feed entry."""

    id = serializers.IntegerField(read_only=True)
    topic = serializers.CharField(max_length=80)
    seq = serializers.IntegerField(min_value=0)
    kind = serializers.ChoiceField(choices=["note", "chat"])
    at = serializers.DateTimeField(read_only=True)
    size = serializers.DecimalField(max_digits=6, decimal_places=2, required=False)
    parts = serializers.ListField(child=serializers.IntegerField(), required=False)


class Entries(ListView):
    """Feed entries."""

    permission_classes = [SignedIn]
    filters = {
        "kind": filters.choice("kind", ["note", "chat"]),
        "seq": filters.number("seq"),
        "since": filters.moment("at__gte"),
        "topic": filters.exact("topic", limit=20),
        "first": filters.flag("ref__exact"),
        "q": filters.search("topic", "kind"),
    }
    orderings = {"newest": ("-at", "-pk"), "oldest": ("at", "pk"), "topic": ("topic", "-pk")}

    @extend_schema(responses={200: EntrySerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List entries."""
        return self.page(FeedEntry.objects.all(), EntrySerializer)

    @extend_schema(request=EntrySerializer, responses={201: EntrySerializer})
    def post(self, request: Request) -> Response:
        """Write an entry."""
        values = self.parse(EntrySerializer)
        made = FeedEntry.objects.create(topic=values["topic"], seq=values["seq"], kind=values["kind"])
        if made.kind == "chat" and made.seq == 13:
            raise Conflict("Thirteen is taken.", code="taken")
        return Response(EntrySerializer(made).data, status=201)


class Versioned(ApiView):
    """Something with a version: 3."""

    permission_classes = [SignedIn]
    versioned = True

    @extend_schema(request=None, responses={200: None})
    def put(self, request: Request) -> Response:
        """Change it."""
        seen = self.version()
        if seen is not None and seen != 3:
            raise Stale("It has changed.", version=3)
        return Response({"seen": seen})


class Closed(ApiView):
    """States no permission."""

    @extend_schema(responses={200: None})
    def get(self, request: Request) -> Response:
        """Never reached."""
        raise AssertionError


class Open(ApiView):
    """For everybody."""

    permission_classes = [Anyone]
    parameters = ["name"]

    @extend_schema(responses={200: None})
    def get(self, request: Request, thing: str = "") -> Response:
        """Say hello."""
        return Response({"hello": request.query_params.get("name", thing), "actor": self.actor.key})

    @extend_schema(request=None, responses={200: None})
    def post(self, request: Request) -> Response:
        """Say what was sent."""
        return Response({"got": request.data})


def _broken() -> Exception:
    return RuntimeError("SELECT * FROM secret_table at /srv/app/x.py")


TROUBLES: dict[str, Callable[[], Exception]] = {
    "invalid": lambda: Invalid("Wrong.", hint="Do better.", fields={"name": ["Wrong."]}),
    "forbidden": lambda: Forbidden("No."),
    "missing": lambda: Missing("Nothing."),
    "conflict": lambda: Conflict("Changed.", code="stale"),
    "toomany": lambda: TooMany("Slow down.", retry_after=17),
    "unreachable": lambda: Unreachable("No answer (under 1 s).", code="refused"),
    "http404": lambda: Http404("secret reason"),
    "denied": lambda: PermissionDenied("secret reason"),
    "suspicious": lambda: SuspiciousOperation("secret reason"),
    "model": lambda: ModelError({"name": ["Too odd."]}),
    "modelplain": lambda: ModelError("Too odd."),
    "locked": lambda: OperationalError("database is locked"),
    "broken": _broken,
}


class Trouble(ApiView):
    """Raises what it is told."""

    permission_classes = [Anyone]
    schema = None

    def get(self, request: Request, kind: str) -> Response:
        """Raise it."""
        raise TROUBLES[kind]()


class Nested(serializers.Serializer[None]):
    """Levels with numbers."""

    levels = EntrySerializer(many=True)


class Deep(ApiView):
    """A nested body."""

    permission_classes = [Anyone]

    @extend_schema(request=Nested, responses={200: None})
    def post(self, request: Request) -> Response:
        """Check it."""
        return Response({"keys": sorted(self.parse(Nested))})


api = (
    [
        *urls.urlpatterns,
        path("entries/", Entries.as_view()),
        path("versioned/", Versioned.as_view()),
        path("closed/", Closed.as_view()),
        path("open/", Open.as_view()),
        path("open/<str:thing>/", Open.as_view()),
        path("trouble/<str:kind>/", Trouble.as_view()),
        path("deep/", Deep.as_view()),
        *urls.unknown,
    ],
    "api",
)
urlpatterns = [path("api/v1/", include(api))]


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The body of a refusal, which is a problem of this status and code."""
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/problem+json")
    body = json.loads(response.content)
    assert set(body) >= {"type", "title", "status", "code", "detail", "fields", "request_id"}
    assert (body["status"], body["code"]) == (status, code)
    assert re.fullmatch(r"[0-9a-f]{16}", body["request_id"])
    return dict(body)


def post(client: APIClient, raw: str | bytes, path: str = "/api/v1/open/", **headers: str) -> Any:
    """Send a body to the address that echoes it."""
    return client.post(path, raw, content_type="application/json", headers=headers)
