"""The link in every page: GET shows a form and changes nothing, POST answers (S9, A46, A47)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.actors import link_holder
from core import clock, links
from core.errors import Conflict, Invalid, Missing, PortalError
from core.zones import zone_of
from oncall.commands import pages
from oncall.kinds import subject_of
from oncall.models import Page
from oncall.queries.escalations import page_by_id, waiting_for
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

LIFE = timedelta(hours=48)
PURPOSE = "answer"
TEMPLATE = "oncall/answer.html"
VIA = "mail link"


# No cookie is asked for, so Django's own token cannot be: the signed one-time nonce of the form stands for it.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """Show the page's facts with Accept and Decline, or act on the one that was pressed."""
    if "prefetch" in f"{request.headers.get('Sec-Purpose', '')} {request.headers.get('Purpose', '')}":
        return HttpResponse(status=204)
    try:
        page = page_by_id(int(links.read(PURPOSE, token, LIFE)))
    except links.Expired:
        return _over(request, "This link is too old to answer with.", status=410)
    except Missing:
        return _over(request, "This link is not one of ours, or it was not copied whole.", status=404)
    if not page.user.is_active:
        return _over(request, "This link is no longer valid.", status=410)
    with timezone.override(zone_of(page.user.time_zone)):  # nobody is signed in, but we know who is asked
        return _act(request, page) if request.method == "POST" else _show(request, page)


def _show(request: HttpRequest, page: Page) -> HttpResponse:
    if _is_open(page):
        return _render(request, page, {"nonce": links.nonce(PURPOSE, str(page.pk))})
    return _render(request, page, {"said": _standing(page)}, status=200 if _is_mine(page) else 410)


def _act(request: HttpRequest, page: Page) -> HttpResponse:
    """One answer, once: the nonce is spent in the same transaction as the answer is given."""
    wanted = request.POST.get("answer", "")
    actor = link_holder(page.user, via=VIA)
    try:
        if wanted not in {"accept", "decline"}:
            raise Invalid("Choose Accept or Decline.", fields={"answer": ["Choose Accept or Decline."]})
        with transaction.atomic():
            links.spend(PURPOSE, str(page.pk), request.POST.get("nonce", ""))
            said = (pages.accept if wanted == "accept" else pages.decline)(actor, page, via=VIA)
    except Conflict as error:
        page.refresh_from_db()
        return _render(request, page, {"said": _standing(page) or error.detail}, status=409)
    except PortalError as error:
        fresh = {"nonce": links.nonce(PURPOSE, str(page.pk))} if _is_open(page) else {}
        return _render(request, page, {"said": error.detail, "refused": True, **fresh}, status=error.status)
    page.refresh_from_db()
    return _render(request, page, {"said": said, "done": wanted})


def _is_open(page: Page) -> bool:
    return page.state in OPEN_PAGES and page.escalation.state in LIVE_ESCALATIONS


def _is_mine(page: Page) -> bool:
    return page.state in {"accepted", "declined"}


def _standing(page: Page) -> str:
    mine = {"accepted": "You have accepted this page.", "declined": "You have declined this page."}
    standing = subject_of(page.subject).describe(page.subject).standing
    return mine.get(page.state) or standing or "This page is over: nobody needs to answer it any more."


def _render(request: HttpRequest, page: Page, extra: dict[str, Any], *, status: int = 200) -> HttpResponse:
    subject = subject_of(page.subject)
    context = {
        "page": page,
        "about": subject.describe(page.subject),
        "remark": subject.remark(page.subject) if "nonce" in extra else "",
        "waiting": waiting_for(page.subject),
        "waited": clock.now() - page.created_at,
        **extra,
    }
    return _private(render(request, TEMPLATE, context, status=status))


def _over(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    return _private(render(request, TEMPLATE, {"said": sentence, "gone": True}, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is not handed on to other sites, kept in caches or found by crawlers."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
