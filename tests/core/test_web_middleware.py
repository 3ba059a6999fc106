"""What every page passes through: number, policy, actor and zone, and the one mapper of errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone

from accounts.models import User
from core.errors import Conflict, Forbidden, Invalid, Missing, PortalError, TooMany, Unreachable
from tests.world import World

pytestmark = pytest.mark.django_db
Browser = Callable[..., Client]
REFUSALS: dict[str, Exception] = {
    "invalid": Invalid("The title is missing.", fields={"title": ["Must not be empty."]}),
    "forbidden": Forbidden("You may not declare incidents."),
    "missing": Missing("No such incident."),
    "conflict": Conflict("Bo has acknowledged it already.", code="taken", hint="Reload to see the present state."),
    "often": TooMany("Too many tries.", retry_after=30),
    "unreachable": Unreachable("The carrier did not answer."),
    "locked": OperationalError("database is locked: /secret/path"),
    "denied": PermissionDenied("secret words"),
    "nowhere": Http404("secret words"),
    "big": RequestDataTooBig("secret words"),
    "broken": ValueError("secret words"),
}


def refuse(request: HttpRequest, kind: str) -> HttpResponse:
    raise REFUSALS[kind]


def zone(request: HttpRequest) -> HttpResponse:
    return HttpResponse(f"{timezone.get_current_timezone_name()} {request.actor.label}")  # type: ignore[attr-defined]


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.POST.get("note", request.GET.get("note", "")))


def page(request: HttpRequest) -> TemplateResponse:
    return TemplateResponse(request, "base.html", {})


urlpatterns = [
    path("refuse/<str:kind>/", refuse),
    path("api/v1/refuse/<str:kind>/", refuse),
    path("zone/", zone),
    path("echo/", echo),
    path("api/v1/echo/", echo),
    path("page/", page),
    path("admin/page/", zone),
]
handler400 = "core.web.errors.bad_request"
handler403 = "core.web.errors.permission_denied"
handler404 = "core.web.errors.page_not_found"
handler500 = "core.web.errors.server_error"


@pytest.fixture(autouse=True)
def routes() -> object:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


STATUS = {
    "invalid": 400, "forbidden": 403, "missing": 404, "conflict": 409, "often": 429, "unreachable": 502,
    "locked": 503, "denied": 403, "nowhere": 404, "big": 413, "broken": 500,
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSALS)
def test_every_refusal_is_a_page_with_its_status_and_no_word_of_an_exception_a96(visitor: Client, kind: str) -> None:
    response = visitor.get(f"/refuse/{kind}/")
    text = response.content.decode()
    assert response.status_code == STATUS[kind]
    assert response.headers["Content-Type"].startswith("text/html")
    assert "secret" not in text
    assert "Traceback" not in text
    assert response.headers["X-Request-Id"] in text
    if isinstance(error := REFUSALS[kind], PortalError) and kind != "often":  # the heading says it
        assert error.detail in text
        assert error.hint in text


@pytest.mark.parametrize("kind", REFUSALS)
def test_htmx_gets_a_notice_at_the_top_of_the_page_and_keeps_the_form(visitor: Client, kind: str) -> None:
    response = visitor.post(f"/refuse/{kind}/", headers={"HX-Request": "true"})
    assert response.status_code == STATUS[kind]
    assert response.headers["HX-Retarget"] == "#messages"
    assert "<html" not in response.content.decode()
    assert 'role="alert"' in response.content.decode()
    numbered = response.headers["X-Request-Id"] in response.content.decode()
    assert numbered == (response.status_code not in (400, 409, 413, 415, 429)), "one's own slip needs no number"


@pytest.mark.parametrize("kind", REFUSALS)
def test_under_api_it_is_problem_json(visitor: Client, kind: str) -> None:
    response = visitor.get(f"/api/v1/refuse/{kind}/")
    body = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert body["status"] == response.status_code == STATUS[kind]
    assert {"code", "detail", "fields", "request_id"} <= set(body)
    assert "secret" not in response.content.decode()


def test_fields_and_retry_after_are_passed_on(visitor: Client) -> None:
    assert json.loads(visitor.get("/api/v1/refuse/invalid/").content)["fields"] == {"title": ["Must not be empty."]}
    assert visitor.get("/refuse/often/").headers["Retry-After"] == "30"
    assert visitor.get("/refuse/locked/").headers["Retry-After"] == "5"


def test_unknown_addresses_are_404_in_the_askers_form(visitor: Client) -> None:
    assert visitor.get("/incident/1/x.css").status_code == 404
    assert visitor.get("/api/v1/nothing/").headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost:8000@evil.example", "", "a b"])
def test_an_unknown_host_is_400_and_not_reflected_a33(visitor: Client, host: str) -> None:
    response = visitor.get("/zone/", headers={"Host": host})
    assert response.status_code == 400
    assert "evil" not in response.content.decode()


def test_a_form_without_a_valid_token_is_refused_and_explained_a23(world: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.bo)
    for headers in ({}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"X-CSRFToken": "x" * 32}):
        response = client.post("/zone/", {"text": "kept"}, headers=headers)
        assert response.status_code == 403
        assert "expired" in response.content.decode()


def test_pages_are_private_and_say_what_a_browser_may_do_a32(visitor: Client) -> None:
    headers = visitor.get("/zone/").headers
    assert headers["Cache-Control"] == "no-store, private"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"].replace("style-src-attr 'unsafe-inline'", "")


def test_the_admin_alone_may_evaluate_a30(visitor: Client) -> None:
    assert "'unsafe-eval'" in visitor.get("/admin/page/").headers["Content-Security-Policy"]
    assert "'unsafe-eval'" not in visitor.get("/zone/").headers["Content-Security-Policy"]


def test_times_are_in_the_persons_own_zone_for_one_request_only(world: World, browser: Browser) -> None:
    User.objects.filter(pk=world.bo.pk).update(time_zone="Asia/Kathmandu")
    assert browser(world.bo).get("/zone/").content.decode() == f"Asia/Kathmandu {world.bo.name}"
    User.objects.filter(pk=world.bo.pk).update(time_zone="../etc/passwd")
    assert browser(world.bo).get("/zone/").content.decode().startswith("UTC ")
    assert browser().get("/zone/").content.decode().startswith("UTC ")


def test_the_shell_shows_the_way_and_the_time_to_those_who_signed_in(world: World, browser: Browser) -> None:
    response = browser(world.bo).get("/page/")
    assert response.status_code == 200
    assert "data-server-now=" in response.content.decode()
    assert browser().get("/page/").status_code == 200


def test_every_request_has_its_own_number(visitor: Client) -> None:
    assert visitor.get("/zone/").headers["X-Request-Id"] != visitor.get("/zone/").headers["X-Request-Id"]
    assert visitor.get("/zone/", headers={"X-Request-Id": "planted"}).headers["X-Request-Id"] != "planted"


FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=cut"
NO_TEXT = [b"%ff", b"%C3", b"Caf%e9", b"%ED%A0%80", b"%C0%AF", b"\xff", "Café".encode("latin-1")]


def part(value: bytes, *, name: bytes = b"note", more: bytes = b"") -> bytes:
    """A form of one field as a browser sends it with `enctype=multipart/form-data`."""
    head = b'--cut\r\nContent-Disposition: form-data; name="' + name + b'"\r\n' + more
    return head + b"\r\n" + value + b"\r\n--cut--\r\n"


def assert_unreadable(response: Any) -> None:
    assert response.status_code == 400
    assert "not UTF-8" in response.content.decode()


@pytest.mark.parametrize("raw", NO_TEXT)
def test_what_bo_writes_is_never_replaced_by_marks(visitor: Client, raw: bytes) -> None:
    """In the address, in a form, in the name of a field: 400 with a sentence, before any view."""
    assert_unreadable(visitor.post("/echo/", b"title=ok&note=" + raw, content_type=FORM))
    assert_unreadable(visitor.post("/echo/", raw + b"=ok", content_type=FORM))
    assert_unreadable(visitor.generic("GET", "/echo/", QUERY_STRING=(b"note=" + raw).decode("latin-1")))
    assert_unreadable(visitor.generic("POST", "/echo/", QUERY_STRING=(b"note=" + raw).decode("latin-1")))


@pytest.mark.parametrize(
    "body",
    [
        part(b"\xff"),
        part(b"ok", name=b"\xff"),
        part("Café".encode("latin-1")),
        part(b"/w==", more=b"Content-Transfer-Encoding: base64\r\n"),
    ],
)
def test_the_parts_of_a_form_are_text(visitor: Client, body: bytes) -> None:
    assert_unreadable(visitor.post("/echo/", body, content_type=PARTS))


@pytest.mark.parametrize("charset", ["ascii", "latin-1", "utf-16", "cp1252"])
def test_another_name_for_the_text_helps_nobody(visitor: Client, charset: str) -> None:
    """Django reads by the sender's word: UTF-8 that is called ASCII would become marks."""
    text = "Café".encode()
    for kind, body in ((PARTS, part(text)), (FORM, b"note=" + text)):
        assert_unreadable(visitor.generic("POST", "/echo/", body, content_type=f"{kind}; charset={charset}"))
    named = {"Content-Type": f"text/plain; charset={charset}"}
    assert_unreadable(visitor.get("/echo/", {"note": "Café"}, headers=named))


@pytest.mark.parametrize("text", ["Café 深夜 🚒", "a mark � of one's own", "50% off", "a+b=c&d;e", ""])
def test_everything_else_arrives_as_it_was_written(visitor: Client, text: str) -> None:
    sent = urlencode({"note": text})
    assert visitor.post("/echo/", sent, content_type=FORM).content.decode() == text
    assert visitor.post("/echo/", sent, content_type=f"{FORM}; charset=UTF-8").content.decode() == text
    assert visitor.post("/echo/", part(text.encode()), content_type=PARTS).content.decode() == text
    assert visitor.get(f"/echo/?{sent}").content.decode() == text


def test_the_refusal_has_the_askers_form(visitor: Client) -> None:
    problem = visitor.generic("GET", "/api/v1/echo/", QUERY_STRING="note=%ff")
    assert (problem.status_code, json.loads(problem.content)["code"]) == (400, "encoding")
    notice = visitor.post("/echo/", b"note=%ff", content_type=FORM, headers={"HX-Request": "true"})
    assert_unreadable(notice)
    assert notice.headers["HX-Retarget"] == "#messages"


def test_what_is_no_form_is_left_to_its_door(visitor: Client) -> None:
    assert visitor.post("/echo/", b"\xff", content_type="application/octet-stream").status_code == 200


def test_a_form_that_is_too_large_is_413(visitor: Client) -> None:
    body = b"note=" + b"x" * (2 * 1024 * 1024)
    assert visitor.post("/echo/", body, content_type=FORM).status_code == 413
