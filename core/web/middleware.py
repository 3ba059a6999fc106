"""What every page passes through: number, policy headers, the actor and his zone, errors."""

from __future__ import annotations

import codecs
import secrets
import time
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from core import audit
from core.errors import Invalid, PortalError
from core.web import access, errors, held, news
from core.web.address import client_address
from core.zones import zone_of

GetResponse = Callable[[HttpRequest], HttpResponseBase]
PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(),"
    " midi=(), payment=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)"
)
# unfold's Alpine evaluates expressions; nothing else may (A30, stack 5).
ADMIN_CSP = {"script-src": ["'self'", "'unsafe-eval'"], "style-src": ["'self'", "'unsafe-inline'"]}
MARK = "\N{REPLACEMENT CHARACTER}"
FORM, PARTS = "application/x-www-form-urlencoded", "multipart/form-data"
UNREADABLE = Invalid(
    "This form or its address holds text that is not UTF-8, so nothing was saved.",
    code="encoding",
    hint="Send it as UTF-8, as browsers do.",
)
log = structlog.get_logger("portal.request")


class PolicyMiddleware:
    """Refuses unknown hosts (A33) and sets the headers that say what a browser may do and keep."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Private unless a view says otherwise: nothing of ours stays in a cache (A32)."""
        try:
            request.get_host()  # nosemgrep: host-from-request (checked here, used nowhere)
        except DisallowedHost:
            return HttpResponse("Unknown host.\n", status=400, content_type="text/plain")
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store, private")
        if request.path.startswith("/admin/"):
            response._csp_replace = ADMIN_CSP  # type: ignore[attr-defined]  # noqa: SLF001 (the interface of django-csp)
        return response


class RequestIdMiddleware:
    """Gives each request a number, which the log, the error page and the answer's header share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The log holds the route and never the path or query: those can carry secrets (A95)."""
        number = secrets.token_hex(8)
        request.request_id = number  # type: ignore[attr-defined]
        started = time.monotonic()
        where = audit.seen_from(client_address(request.META), request.headers.get("User-Agent", ""))
        with structlog.contextvars.bound_contextvars(request_id=number), where:
            response = self.get_response(request)
            match = request.resolver_match
            log.info(
                "request",
                method=request.method,
                route=match.route if match else "",
                status=response.status_code,
                ms=round((time.monotonic() - started) * 1000),
            )
        response["X-Request-Id"] = number
        return response


class ActorMiddleware:
    """Sets `request.actor` and shows times in the person's own zone for the length of the request."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """The actor is read once; an unknown zone name falls back to UTC."""
        actor = access.actor_of(request)
        request.actor = actor  # type: ignore[attr-defined]
        with timezone.override(zone_of(str(getattr(actor.user, "time_zone", "") or ""))):
            news.prepare(request, actor)
            response = news.with_figures(request, actor, self.get_response(request))
            if actor.user is not None:
                held.remember(request, response)
            return response


class ErrorMiddleware:
    """Refuses what is not UTF-8, and gives the six kinds of refusal that a view raises, and a 405, their pages."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Before any view and any check of a form; the refusals of views arrive at `process_exception`."""
        if not _is_readable(request):
            return errors.refusal(request, UNREADABLE)
        return errors.only_forms(request, self.get_response(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page of a PortalError, 503 for a database that is away, None for what must be a 500."""
        if isinstance(exception, PortalError):
            return errors.refusal(request, exception)
        if errors.is_database_away(exception):
            log.error("database away", error=type(exception).__name__)
            return errors.database_away(request)
        return None


def _is_readable(request: HttpRequest) -> bool:
    """Whether query and form are UTF-8: Django would put marks in the place of what was written, and go on."""
    query = request.META.get("QUERY_STRING", "").encode("latin-1")
    is_form = request.method == "POST" and request.content_type in {FORM, PARTS}
    if not query and not is_form:
        return True
    # What the sender calls it counts too, since Django reads the query and the parts of a form by that.
    named = codecs.lookup(request.encoding).name if request.encoding else "utf-8"
    return named == "utf-8" and _is_utf8(unquote_to_bytes(query)) and (not is_form or _is_form_readable(request))


def _is_form_readable(request: HttpRequest) -> bool:
    if request.content_type == FORM:
        return _is_utf8(unquote_to_bytes(request.body))
    length = request.META.get("CONTENT_LENGTH") or "0"
    # A form too long to be kept in memory brings a picture: nobody can look at it whole, and it is parsed part by part.
    raw = request.body if length.isdigit() and int(length) <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE else b""
    return not _has_new_marks(request, raw) and (bool(request.FILES) or _is_utf8(raw))


def _has_new_marks(request: HttpRequest, raw: bytes) -> bool:
    """Whether a part turned out to be no text: it holds marks that the sender has not written into the form.

    A file may hold any bytes; what is written beside it is text.
    """
    values = (text for name, texts in request.POST.lists() for text in (name, *texts))
    return sum(text.count(MARK) for text in values) > raw.count(MARK.encode())


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
