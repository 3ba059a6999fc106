"""What an actor may not know of: pages and escalations of private subjects (S34)."""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Q, QuerySet
from django.db.models.functions import Cast

from accounts.actors import Actor
from oncall.kinds import subjects
from oncall.models import Escalation, Page


def hidden_subjects(actor: Actor) -> Q:
    """The condition that a row's `subject` is hidden from the actor; never true where no kind hides anything."""
    found = Q(pk__in=[])
    for each in subjects():
        found |= Q(subject__in=each.hidden(actor))
    return found


def hidden_pages(actor: Actor) -> QuerySet[Any]:
    """The keys under which the messages of such pages stand in the delivery log."""
    return Page.objects.filter(hidden_subjects(actor)).annotate(text=Cast("pk", CharField())).values("text")


def hidden_notices(actor: Actor) -> QuerySet[Any]:
    """The keys under which notices about such subjects stand there: those of the subjects themselves."""
    return Escalation.objects.filter(hidden_subjects(actor)).values("subject")
