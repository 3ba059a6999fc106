"""Why a person has declined: asked for after the answer was sent, so that nothing stands between a tap and the next."""

from __future__ import annotations

from django.db import transaction

from accounts.actors import Actor
from accounts.permissions import require
from core.errors import Conflict, Invalid
from core.text import clean_text
from oncall import permissions
from oncall.commands.pages import LONGEST_REASON
from oncall.kinds import subject_of
from oncall.models import Page


@transaction.atomic
def explain(actor: Actor, page: Page, *, reason: str) -> str:
    """Say why one has declined a page; returns a sentence. Raises Invalid, and Conflict where it was not declined."""
    require(actor, permissions.PAGE_ANSWER, page)
    reason = clean_text(reason, LONGEST_REASON, "reason").strip()
    if not reason:
        raise Invalid("Write a reason, or leave it out.", fields={"reason": ["Write a reason."]})
    subject = subject_of(page.subject)
    subject.lock(page.subject)
    if not Page.objects.filter(pk=page.pk, state="declined", answer_reason="").update(answer_reason=reason):
        raise Conflict("This page was not declined, or its reason has been given.", code="answered")
    data = {"people": [page.user_id], "names": [page.user.name], "reason": reason}
    subject.noted(page.subject, "page_declined", f"{page.user.name} declined because: {reason}", data, actor=actor)
    return "Your reason stands in the timeline."
