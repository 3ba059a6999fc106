"""The API describes itself: complete, without warnings, offline and under the content policy (A30, A67, A102)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.test import Client
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from rest_framework.test import APIClient

from tests import world as people

pytestmark = pytest.mark.django_db


def generated(urlconf: str) -> dict[str, Any]:
    """The schema of a urlconf; fails on any warning of the generator."""
    GENERATOR_STATS.reset()
    with GENERATOR_STATS.silence():
        made: Any = SchemaGenerator
        schema = made(urlconf=urlconf).get_schema(public=True)
    assert not GENERATOR_STATS._warn_cache, list(GENERATOR_STATS._warn_cache)
    assert not GENERATOR_STATS._error_cache, list(GENERATOR_STATS._error_cache)
    check: Any = validate_schema
    check(schema)
    return dict(schema)


def test_the_base_describes_what_is_common() -> None:
    schema = generated("tests.core.api_views")
    assert set(schema["components"]["securitySchemes"]) == {"token", "browser"}
    entries = schema["paths"]["/api/v1/entries/"]
    listed = {each["name"]: each for each in entries["get"]["parameters"]}
    assert set(listed) == {"page_size", "cursor", "ordering", "kind", "seq", "since", "topic", "first", "q"}
    assert listed["page_size"]["schema"]["maximum"] == 200
    assert listed["ordering"]["schema"]["enum"] == ["newest", "oldest", "topic"]
    assert listed["kind"]["schema"]["items"]["enum"] == ["note", "chat"]
    assert [each["name"] for each in entries["post"]["parameters"]] == ["Idempotency-Key"]
    page = schema["components"]["schemas"]["PaginatedEntryList"]
    assert set(page["properties"]) == {"results", "next"}


def test_every_operation_names_its_refusals_and_who_may() -> None:
    schema = generated("tests.core.api_views")
    problem = {"$ref": "#/components/schemas/Problem"}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            refused = {code for code in operation["responses"] if code >= "400"}
            assert {"400", "406", "429", "500", "503"} <= refused
            assert ({"409", "413", "415"} <= refused) is (method != "get")
            for code in refused:
                name = operation["responses"][code]["$ref"].rpartition("/")[2]
                said = schema["components"]["responses"][name]
                assert said["content"]["application/problem+json"]["schema"] == problem
                assert said["description"]
                assert ("Retry-After" in said.get("headers", {})) is (code in {"429", "503"})
            open_ = path.startswith(("/api/v1/open", "/api/v1/deep"))
            assert ("security" not in operation) is open_, (path, method)
            assert ({"401", "403"} <= refused) is not open_, (path, method)
            assert operation["summary"]


def test_the_whole_api_is_described_without_warnings() -> None:
    """Every room's views: serializers, parameters, answers."""
    generated("portal.urls")


def test_the_whole_api_is_described_in_words_with_examples_that_fit() -> None:
    """Each group, operation and parameter says what it is; each body shows one that its own schema takes."""
    schema = generated("portal.urls")
    groups = {each["name"] for each in schema["tags"] if each["description"]}
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert set(operation["tags"]) <= groups, (path, operation["tags"])
            assert operation["summary"], (method, path)
            for each in operation.get("parameters", ()):
                assert each["description"], (method, path, each["name"])
            for code, answer in operation["responses"].items():
                assert "$ref" in answer or answer["description"], (method, path, code)
    shapes: dict[str, Any] = {"components": schema["components"]}
    shown = {name: each["example"] for name, each in schema["components"]["schemas"].items() if "example" in each}
    assert len(shown) > 50
    for name, example in shown.items():
        Draft7Validator({**shapes, "$ref": f"#/components/schemas/{name}"}).validate(example)


def test_schema_and_page_are_for_people_who_are_signed_in(api: Callable[..., APIClient]) -> None:
    """A67: and the refusal is a problem, whatever the view renders."""
    for path in ("/api/v1/schema/", "/api/v1/docs/"):
        answer = api().get(path)
        assert answer.status_code == 401
        assert answer["Content-Type"].startswith("application/problem+json")
    ana = people.person("Ana")
    answer = api(ana).get("/api/v1/schema/")
    assert answer.status_code == 200
    assert yaml.safe_load(answer.content)["openapi"].startswith("3.")


def test_the_page_holds_nothing_inline_and_nothing_foreign(browser: Callable[..., Client]) -> None:
    """A30, A102: scripts and styles are files of ours, and they are there."""
    ana = people.person("Ana")
    page = browser(ana).get("/api/v1/docs/")
    html = page.content.decode()
    assert "script-src 'self';" in page["Content-Security-Policy"] + ";"
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)
    sources = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert len(sources) == 5, "an icon, a style, two scripts, and the way back"
    for source in sources:
        assert source.startswith("/")
        if source.startswith("/static/"):
            assert finders.find(source.removeprefix("/static/")), source
    assert "<h1" not in html, "Swagger UI writes the one heading itself, from the description's title"
    assert "dark" not in html
    ana.theme = "dark"
    ana.save()
    assert '<html lang="en" data-theme="dark" class="dark-mode">' in browser(ana).get("/api/v1/docs/").content.decode()
    script = browser(ana).get("/api/v1/docs/?script=")
    assert "prefers-color-scheme: dark" in script.content.decode()
    assert script["Content-Type"].startswith("application/javascript")
    assert "/api/v1/schema/" in script.content.decode()
