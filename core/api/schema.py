"""OpenAPI: what every view has in common, so that rooms describe only what is theirs."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from core.api.filters import MOST
from core.api.idempotency import HEADER, LONGEST
from core.api.parsers import BIGGEST
from core.api.permissions import Anyone
from core.api.refusals import BODY_READ, PROBLEM, REFUSALS, refusal

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
SUCCESS = {
    "200": "How it is now.",
    "201": "It was made; this is how it is now.",
    "202": "It was taken on and is being done.",
    "204": "It was done; there is nothing to show.",
}
VERSION = {
    "type": "integer",
    "minimum": 0,
    "maximum": BIGGEST,
    "description": "The version that you have seen; 409 `stale` where it is another by now. Or send `If-Match`.",
}
_rules = re.compile(r"\s*\((?:[A-Z]{1,4}-?\d+(?:,\s*)?)+\)")


def in_words(text: str) -> str:
    """A docstring without the numbers of our own rules, which say nothing to a reader of the API."""
    return _rules.sub("", text).strip()


class PortalSchema(AutoSchema):
    """Adds the refusals, the sign-in and the common parameters to each operation."""

    def get_auth(self) -> list[dict[str, Any]]:
        """Token or session; nothing for an address that everybody may use."""
        if self._open():
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
        return in_words(text.strip().split("\n", 1)[0]).rstrip(".") or None

    def get_description(self) -> str:  # type: ignore[override]  # as AutoSchema has it
        """The method's docstring, and that a repeat is not possible where it is not."""
        found: Any = super().get_description()
        return in_words(str(found or ""))

    def _open(self) -> bool:
        return any(isinstance(each, Anyone) for each in self.view.get_permissions())

    def _versioned(self) -> bool:
        return bool(getattr(self.view, "versioned", False)) and self.method in {"PATCH", "PUT", "POST"}

    # --- parameters -------------------------------------------------------------------------------
    def _get_parameters(self) -> list[dict[str, Any]]:
        found = super()._get_parameters()
        known = {(each["name"], each["in"]) for each in found}
        found += [each for each in self._common() if (each["name"], each["in"]) not in known]
        for each in found:
            if each["in"] == "path":
                noun = self.path.partition("{" + each["name"] + "}")[0].strip("/").rpartition("/")[2]
                each["description"] = f"Which one of the {noun.replace('-', ' ')}."
        return found

    def _common(self) -> list[dict[str, Any]]:
        return self._conditions() if self.method not in READING else self._filters()

    def _conditions(self) -> list[dict[str, Any]]:
        found = []
        if getattr(self.view, "repeatable", True):
            text = "A repeated request with the same key and body is done once and gets the same answer."
            key = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]([ -~]*[!-~])?$"}
            found.append(_header(HEADER, text, key, "3f1c6a52-retry-1"))
        if self._versioned():
            text = "The version that you have seen, in quotes; 409 `stale` where it is another by now."
            found.append(
                _header("If-Match", text, {"type": "string", "pattern": r'^(\*|(W/)?"?[0-9]{1,10}"?)?$'}, '"3"')
            )
        return found

    def _filters(self) -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": wanted.description,
                "schema": {"type": "array", "items": wanted.schema, "maxItems": MOST} if wanted.many else wanted.schema,
            }
            for name, wanted in getattr(self.view, "filters", {}).items()
        ]

    # --- bodies -----------------------------------------------------------------------------------
    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema: dict[str, Any] = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if "description" in schema:
            schema["description"] = in_words(schema["description"])
        if direction == "request" and schema.get("type") == "object":
            schema.setdefault("properties", {})
            for name, field in serializer.fields.items():
                _bound(field, schema["properties"].get(name, {}))
            schema["additionalProperties"] = False  # an unknown field is 400
            if self._versioned() and getattr(serializer, "parent", None) is None:
                schema["properties"].setdefault("version", VERSION)
            for name, keywords in getattr(serializer, "exact", {}).items():
                place = schema["properties"].get(name, {}) if name else schema
                place.update(keywords)
            if hasattr(serializer, "example"):
                schema["example"] = serializer.example
        return schema

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema: Any = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if isinstance(schema, dict):
            schema.pop("x-spec-enum-id", None)
        return schema

    # --- answers ----------------------------------------------------------------------------------
    def _get_request_body(self, direction: Any = "request") -> Any:
        body: Any = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        for media in (body or {}).get("content", {}).values():
            name = media["schema"].get("$ref", "").rpartition("/")[2]
            found = self.registry._components.get((name, ResolvedComponent.SCHEMA))  # noqa: SLF001 (no other way in)
            if found is not None and "oneOf" in found.schema:
                body["required"] = True
        return body

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies = dict(super()._get_response_bodies(direction))
        for code, body in bodies.items():
            body["description"] = body.get("description") or SUCCESS.get(code, "")
            if getattr(self.view, "repeatable", True) and self.method not in READING:
                text = "Set where the same request had been done before: this is the answer of the first time."
                body["headers"] = {"Idempotent-Replay": {"description": text, "schema": {"type": "string"}}}
        problem = self._register("Problem", ResolvedComponent.SCHEMA, PROBLEM)
        for status in sorted(self._refusals()):
            made = refusal(status, problem.ref)
            bodies[str(status)] = self._register(REFUSALS[status].name, ResolvedComponent.RESPONSE, made).ref
        return bodies

    def _refusals(self) -> set[int]:
        """Every status of a refusal that can come back from this operation."""
        found = {400, 406, 429, 500, 503}
        if not self._open():
            found |= {401, 403}
        if "{" in self.path:
            found |= {404}
        if self.method not in READING:
            found |= {409, *BODY_READ, *getattr(self.view, "refusals", ())}
        return found

    def _register(self, name: str, kind: str, schema: dict[str, Any]) -> ResolvedComponent:
        component = ResolvedComponent(name=name, type=kind, object=name, schema=schema)  # type: ignore[no-untyped-call]
        self.registry.register_on_missing(component)
        return component


def _bound(field: Any, schema: dict[str, Any]) -> None:
    """What the readers of bodies refuse by themselves: numbers that cannot be stored, blank texts."""
    child = getattr(field, "child", None)
    if child is not None:
        for place in ("items", "additionalProperties"):
            if isinstance(schema.get(place), dict) and "$ref" not in schema[place]:
                _bound(child, schema[place])
        return
    if schema.get("type") == "integer":
        schema["minimum"] = field.min_value if field.min_value is not None else -BIGGEST
        schema["maximum"] = field.max_value if field.max_value is not None else BIGGEST
    schema.update(getattr(field, "keywords", {}))
    blank = getattr(field, "allow_blank", True) or not getattr(field, "trim_whitespace", False)
    if type(field) is serializers.CharField and not blank and "pattern" not in schema:
        schema["pattern"] = r"[^\s\u001c-\u001f]"


def _header(name: str, text: str, schema: dict[str, Any], example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": text,
        "schema": schema,
        "example": example,
    }
