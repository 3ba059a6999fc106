"""OpenAPI: what every view has in common, so that rooms describe only what is theirs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from core.api.idempotency import HEADER, LONGEST
from core.api.permissions import Anyone

PROBLEM = {
    "type": "object",
    "description": "Why a request was refused.",
    "required": ["type", "title", "status", "code", "detail", "hint", "fields", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "For programs: stable, in snake case."},
        "detail": {"type": "string", "description": "For people: one sentence."},
        "hint": {"type": "string", "description": "What to do about it; may be empty."},
        "fields": {
            "type": "object",
            "description": "Place in the request to sentences.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "request_id": {"type": "string", "description": "The number that the log knows."},
    },
}
SECURITY = {
    "token": {"type": "http", "scheme": "bearer", "description": "A personal API token."},
    "browser": {
        "type": "apiKey",
        "in": "cookie",
        "name": "watchbill",
        "description": "The session of a signed-in browser; changes need the CSRF token too.",
    },
}
READING = {"GET", "HEAD", "OPTIONS"}


class PortalSchema(AutoSchema):
    """Adds the refusals, the sign-in and the common parameters to each operation."""

    def get_auth(self) -> list[dict[str, Any]]:
        """Token or session; nothing for an address that everybody may use."""
        if any(isinstance(each, Anyone) for each in self.view.get_permissions()):
            return []
        for name, scheme in SECURITY.items():
            self._register(name, ResolvedComponent.SECURITY_SCHEMA, scheme)
        return [{name: []} for name in SECURITY]

    def get_operation_id(self) -> str:
        """Method and path, so that two addresses never share a name: `post_incidents_by_number_acknowledge`."""
        parts = [part for part in self.path.removeprefix("/api/v1").split("/") if part]
        words = [f"by_{part.strip('{}')}" if part.startswith("{") else part.replace("-", "_") for part in parts]
        return "_".join([self.method.lower(), *words])

    def get_summary(self) -> str | None:
        """The first line of the method's docstring."""
        text = getattr(getattr(self.view, self.method.lower(), None), "__doc__", None) or ""
        return text.strip().split("\n", 1)[0].rstrip(".") or None

    def _get_parameters(self) -> list[dict[str, Any]]:
        found = super()._get_parameters()
        known = {(each["name"], each["in"]) for each in found}
        return found + [each for each in self._common() if (each["name"], each["in"]) not in known]

    def _common(self) -> list[dict[str, Any]]:
        if self.method not in READING:
            if not getattr(self.view, "repeatable", True):
                return []
            text = "A repeated request with the same key and body is done once and gets the same answer."
            schema = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"}
            return [{"name": HEADER, "in": "header", "required": False, "description": text, "schema": schema}]
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": wanted.description,
                "schema": {"type": "array", "items": wanted.schema} if wanted.many else wanted.schema,
            }
            for name, wanted in getattr(self.view, "filters", {}).items()
        ]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = dict(super()._get_response_bodies(direction))
        problem = self._register("Problem", ResolvedComponent.SCHEMA, PROBLEM)
        for code, text in (("4XX", "Refused."), ("5XX", "Could not be done now.")):
            content = {"application/problem+json": {"schema": problem.ref}}
            bodies.setdefault(code, {"description": text, "content": content})
        return bodies

    def _register(self, name: str, kind: str, schema: dict[str, Any]) -> ResolvedComponent:
        component = ResolvedComponent(name=name, type=kind, object=name, schema=schema)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component
