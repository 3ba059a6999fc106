"""The link in every page: GET shows a form and changes nothing, POST answers (S9, A46, A47).

Whoever holds a link can answer its page and see nothing else. The person who was paged, signed in, sees on top of that
how many pages wait, what has happened so far, and the next page as soon as one is answered (design 9). The page has no
script: what counts down and what is inert for a moment is style, and an answer given offline is kept by the worker.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.actors import link_holder
from core import clock, links
from core.errors import Conflict, Invalid, Missing, PortalError
from core.web.doors import actor_of
from core.zones import zone_of
from oncall.commands import pages, reasons
from oncall.commands.texts import answer_path
from oncall.kinds import subject_of
from oncall.models import Page
from oncall.queries.answering import countdown_of, others_of
from oncall.queries.escalations import page_by_id
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

LIFE = timedelta(hours=48)
PURPOSE, REASON = "answer", "answer.reason"
TEMPLATE = "oncall/answer.html"
VIA = "mail link"
MOST_TURNS = 99


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
        if request.method != "POST":
            return _show(request, page)
        return _explain(request, page) if request.POST.get("answer") == "reason" else _act(request, page)


def _show(request: HttpRequest, page: Page) -> HttpResponse:
    if _is_open(page):
        return _render(request, page, {"nonce": links.nonce(PURPOSE, str(page.pk))})
    return _render(
        request, page, {"said": _standing(page, yours=_is_yours(request, page))}, status=200 if _is_mine(page) else 410
    )


def _act(request: HttpRequest, page: Page) -> HttpResponse:
    """One answer, once: the nonce is spent in the same transaction as the answer is given."""
    wanted = request.POST.get("answer", "")
    via = "push" if request.POST.get("via") == "push" else VIA
    actor = link_holder(page.user, via=via)
    try:
        if wanted not in {"accept", "decline"}:
            raise Invalid("Choose Accept or Decline.", fields={"answer": ["Choose Accept or Decline."]})
        with transaction.atomic():
            links.spend(PURPOSE, str(page.pk), request.POST.get("nonce", ""))
            said = (pages.accept if wanted == "accept" else pages.decline)(actor, page, via=via)
    except Conflict:
        page.refresh_from_db()
        return _answered(request, page, _standing(page, yours=_is_yours(request, page)), status=409)
    except PortalError as error:
        fresh = {"nonce": links.nonce(PURPOSE, str(page.pk))} if _is_open(page) else {}
        return _render(request, page, {"said": error.detail, "refused": True, **fresh}, status=error.status)
    page.refresh_from_db()
    short = {"accept": "Accepted", "decline": "Declined"}[wanted]
    if not _is_yours(request, page):  # a colleague has pressed: it counts as the answer of the one who was paged
        said = f"{short} for {page.user.name}. {subject_of(page.subject).describe(page.subject).standing}".strip()
    return _answered(request, page, said, short=f"{short}.")


def _answered(request: HttpRequest, page: Page, said: str, *, short: str = "", status: int = 200) -> HttpResponse:
    """The sentence; the person who was paged is shown the next page in the same place, if there is one (design 9)."""
    others = others_of(page) if _is_addressee(request, page) else []
    more = {"said": said, "ask_why": page.state == "declined" and not page.answer_reason}
    if not others or _wants_words(request):
        return _render(request, page, {**more, "short": short}, status=status)
    following = others[0]
    turn = _turn(request) + 1
    about = subject_of(page.subject).describe(page.subject)
    before = {**more, "about": about, **_why_form(page), "why_turn": turn - 1}  # its reason leads here once more
    context = {"nonce": links.nonce(PURPOSE, str(following.pk)), "before": before, "turn": turn}
    return _render(request, following, context, status=status)


def _explain(request: HttpRequest, page: Page) -> HttpResponse:
    """The reason, asked for once the page has been declined."""
    try:
        with transaction.atomic():
            links.spend(REASON, str(page.pk), request.POST.get("nonce", ""))
            said = reasons.explain(link_holder(page.user, via=VIA), page, reason=request.POST.get("reason", ""))
    except PortalError as error:
        again = {"ask_why": True, "typed": request.POST.get("reason", ""), "why_turn": _turn(request)}
        typed = again if isinstance(error, Invalid) else {}
        return _render(request, page, {"said": error.detail, "refused": True, **typed}, status=error.status)
    page.refresh_from_db()
    return _answered(request, page, said if _is_yours(request, page) else "The reason stands in the timeline.")


def _why_form(page: Page) -> dict[str, str]:
    return {"why_path": answer_path(page), "why_nonce": links.nonce(REASON, str(page.pk))}


def _turn(request: HttpRequest) -> int:
    """Which of the person's pages this is, counted from the first that was answered here."""
    sent = request.POST.get("turn", "")
    return min(int(sent), MOST_TURNS) if sent.isascii() and sent.isdigit() and len(sent) < 3 else 1


def _is_open(page: Page) -> bool:
    return page.state in OPEN_PAGES and page.escalation.state in LIVE_ESCALATIONS


def _is_mine(page: Page) -> bool:
    return page.state in {"accepted", "declined"}


def _is_addressee(request: HttpRequest, page: Page) -> bool:
    return bool(actor_of(request).user == page.user)


def _is_yours(request: HttpRequest, page: Page) -> bool:
    """Whether "you" is the person who was paged: nobody else has signed in to open the link."""
    return actor_of(request).user in (None, page.user)


def _wants_words(request: HttpRequest) -> bool:
    """Whether it is the worker that asks, which shows a sentence and no page."""
    return request.headers.get("Accept", "") == "application/json"


def _standing(page: Page, *, yours: bool) -> str:
    who = "You have" if yours else f"{page.user.name} has"
    standing = subject_of(page.subject).describe(page.subject).standing
    return (
        f"{who} {page.state} this page." if _is_mine(page) else standing
    ) or "This page is over: nobody needs to answer it any more."


def _render(request: HttpRequest, page: Page, extra: dict[str, Any], *, status: int = 200) -> HttpResponse:
    subject = subject_of(page.subject)
    about = subject.describe(page.subject)
    if _wants_words(request):
        said = " ".join(filter(None, [extra.get("short"), about.number if extra.get("short") else extra.get("said")]))
        return _private(JsonResponse({"said": said, "state": page.state}, status=status))
    asked, mine = "nonce" in extra, _is_addressee(request, page)
    turn = extra.get("turn", _turn(request) if asked else 1)
    context = {
        "page": page,
        "path": answer_path(page),
        "about": about,
        "facts": subject.facts(page.subject),
        "so_far": subject.so_far(actor_of(request), page.subject) if asked and mine else (),
        "remark": subject.remark(page.subject) if asked else "",
        "countdown": countdown_of(page) if asked else None,
        "waited": clock.now() - page.created_at,
        "mine": mine,
        "yours": _is_yours(request, page),
        "turn": turn,
        "turns": turn + len(others_of(page)) if asked and mine else 1,
        **(_why_form(page) if extra.get("ask_why") else {}),
        **extra,
    }
    return _private(render(request, TEMPLATE, context, status=status))


def _over(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    if _wants_words(request):
        return _private(JsonResponse({"said": sentence, "state": "over"}, status=status))
    return _private(render(request, TEMPLATE, {"said": sentence, "gone": True}, status=status))


def _private(response: HttpResponse) -> HttpResponse:
    """The address is a key: it is not handed on to other sites, kept in caches or found by crawlers."""
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
