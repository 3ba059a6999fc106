"""Answers to pages: accept, decline, escalate; and what follows when a person cannot be reached (O18, O23, O29)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core import clock, due
from core.db import locked
from core.due import Priority
from core.errors import Conflict
from core.text import clean_text
from oncall import permissions
from oncall.commands.notices import tell_administrators
from oncall.commands.paging import drop_messages, has_hope, is_final, move_pages, try_next_way
from oncall.commands.steps import move_on, nobody_left
from oncall.kinds import subject_of
from oncall.models import Escalation, Page
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES, PAGE

#: A fault that may pass gets this long before the next level is asked (G13, F31, F39).
PATIENCE = timedelta(seconds=30)
LONGEST_REASON = 200


@transaction.atomic
def accept(actor: Actor, page: Page, *, via: str) -> str:
    """Accept a page: an incident is acknowledged by it, in the same transaction (O18); returns a sentence.

    Counts also after the escalation moved on (O23). Raises Conflict when somebody else was first.
    """
    require(actor, permissions.PAGE_ANSWER, page)
    page = _held(page)
    state = _next(page, "accept")
    sentence = subject_of(page.subject).answered(page.subject, actor, "accept", page, via)
    now = clock.now()
    Page.objects.filter(pk=page.pk).update(state=state, answered_at=now, ended_at=now, answered_via=via[:30])
    return sentence


@transaction.atomic
def decline(actor: Actor, page: Page, *, via: str, reason: str = "") -> str:
    """Decline a page; the next level is asked at once when everybody on this one has declined (O23).

    Returns a sentence for the person. Raises Conflict when the page is over.
    """
    require(actor, permissions.PAGE_ANSWER, page)
    reason = clean_text(reason, LONGEST_REASON, "reason").strip()
    page = _held(page)
    state = _next(page, "decline")
    drop_messages(Page.objects.filter(pk=page.pk))
    now = clock.now()
    answer = {"state": state, "answered_at": now, "ended_at": now, "answered_via": via[:30], "answer_reason": reason}
    Page.objects.filter(pk=page.pk).update(**answer)
    subject = subject_of(page.subject)
    text = f"{page.user.name} declined: {reason}" if reason else f"{page.user.name} declined."
    data = {"people": [page.user_id], "names": [page.user.name], "reason": reason, "via": via}
    subject.noted(page.subject, "page_declined", text, data, actor=actor)
    sentence = subject.answered(page.subject, actor, "decline", page, via)
    _go_on(page, why="Everybody on this level declined.")
    return sentence


@transaction.atomic
def escalate(actor: Actor, page: Page, *, via: str) -> str:
    """Answer a page by sending it on to the next level at once (keypad 6); returns a sentence."""
    require(actor, permissions.PAGE_ANSWER, page)
    page = _held(page)
    if page.state not in OPEN_PAGES:
        _next(page, "decline")
    return subject_of(page.subject).answered(page.subject, actor, "escalate", page, via)


def _held(page: Page) -> Page:
    """The page as it is now, after the subject's and the escalation's lock."""
    subject_of(page.subject).lock(page.subject)
    locked(Escalation.objects.filter(pk=page.escalation_id)).get()
    return Page.objects.select_related("escalation", "user").get(pk=page.pk)


def _next(page: Page, verb: str) -> str:
    if page.state in PAGE.moves[verb][0] and page.escalation.state in LIVE_ESCALATIONS:
        return PAGE.next(verb, page.state)
    standing = subject_of(page.subject).describe(page.subject).standing
    mine = {"accepted": "You have accepted this page already.", "declined": "You have declined this page already."}
    said = standing or mine.get(page.state, "This page is over: somebody else has answered, or nobody is needed.")
    raise Conflict(said, code="answered", hint="Open the incident to see how it stands.")


def _go_on(page: Page, *, why: str) -> None:
    """Move on when nobody is left at the present level; an earlier level's page moves nothing."""
    escalation = Escalation.objects.get(pk=page.escalation_id)
    if escalation.state not in LIVE_ESCALATIONS:
        return
    present = (page.pass_number, page.level) == (escalation.pass_number, escalation.level)
    if present and nobody_left(escalation):
        move_on(escalation, why=why)


def weigh_failure(page_id: int) -> None:
    """Called down by the due queue when a provider failed: the next way at once, else the next level (O29, G13).

    What has failed for good moves on at once. A fault that may pass gets half a minute first: one slow answer does
    not change the escalation's timing (G12), and an outage does not run through all levels in a burst (F39).
    """
    found = Page.objects.filter(pk=page_id).first()
    if found is None:
        return
    page = _held(found)
    if not page.is_open or try_next_way(page) or has_hope(page):
        return
    final = is_final(page)
    ready = max(page.created_at, page.escalation.fired_at or page.created_at) + PATIENCE
    if not final and clock.now() < ready:
        key = f"page.failed:{page.pk}:{page.asked}:{ready.isoformat()}"
        due.put(key, "page.failed", str(page.pk), due=ready, priority=Priority.STEP)
        return
    if page.failed_at is None:
        _tell_failure(page, final=final)
    if final:
        move_pages(Page.objects.filter(pk=page.pk), "fail")
    _go_on(page, why="Nobody on this level can be reached.")


def _tell_failure(page: Page, *, final: bool) -> None:
    Page.objects.filter(pk=page.pk).update(failed_at=clock.now())
    text = f"No message reaches {page.user.name}: every address has failed."
    data = {"people": [page.user_id], "names": [page.user.name], "final": final}
    subject_of(page.subject).noted(page.subject, "page_failed", text, data)
    tell_administrators(page)


@transaction.atomic
def release_person(user_id: int) -> None:
    """Take back a deactivated person's open pages; where nobody else is left, the next level is paged (S50, F55)."""
    mine = Page.objects.filter(user_id=user_id, state__in=OPEN_PAGES, escalation__state__in=LIVE_ESCALATIONS)
    for found in mine.order_by("pk"):  # the order in which a digest's pages are answered too
        page = _held(found)
        if not page.is_open:
            continue
        drop_messages(Page.objects.filter(pk=page.pk))
        move_pages(Page.objects.filter(pk=page.pk), "withdraw")
        text = f"{page.user.name} has been deactivated and will not answer."
        data = {"people": [page.user_id], "names": [page.user.name]}
        subject_of(page.subject).noted(page.subject, "page_failed", text, data)
        _go_on(page, why="Nobody is left on this level.")
