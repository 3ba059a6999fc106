"""What an actor may not know of: pages and escalations of private subjects (S34)."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from accounts.actors import Actor
from notifications.models import Delivery
from oncall.kinds import subjects
from oncall.models import Page

NOTICE = "page.notice"  # the id of NOTICE_PURPOSE, which stands on this module


def hidden_subjects(actor: Actor, field: str = "subject") -> Q:
    """The condition that a row's `field` is a subject hidden from the actor; never true where no kind hides any."""
    found = Q(pk__in=[])
    for each in subjects():
        found |= Q(**{f"{field}__in": each.hidden(actor)})
    return found


def hidden_pages(actor: Actor) -> QuerySet[Any]:
    """The keys under which the messages of such pages stand in the delivery log."""
    return Page.objects.filter(hidden_subjects(actor)).annotate(text=Cast("pk", CharField())).values("text")


def hidden_notices(actor: Actor) -> QuerySet[Any]:
    """The keys under which notices about such subjects stand there: of the subjects, whether paged for or not."""
    notices = Delivery.objects.filter(purpose=NOTICE)
    return notices.filter(hidden_subjects(actor, "purpose_key")).values("purpose_key")
