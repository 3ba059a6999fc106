"""What the auditor asks each minute: is anybody told of every open incident, and does somebody answer for it (G14)?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db import connection
from django.db.models import Exists, OuterRef, Q

from core import clock
from core.health import Finding, check
from core.models import DueRow
from incidents.models import Alert, Incident, Participant
from notifications.models import Delivery
from oncall.models import Escalation, Page
from oncall.states import LIVE_ESCALATIONS, OPEN_PAGES

T = TypeVar("T")
GRACE = timedelta(seconds=60)
CHUNK = 400
PREFIXES = 100  # so many ranges of keys are asked for at once
TOLD = ("queued", "sent", "confirmed", "bundled")


@check("incidents.unanswered")
def unanswered() -> Iterable[Finding]:
    """Open incidents that page and wait: a person was notified, or something with a time will happen (G14)."""
    waiting = Incident.objects.filter(status="triggered", priority__pages=True, status_since__lt=clock.now() - GRACE)
    found = list(waiting.order_by("number").values_list("number", "visibility"))
    for chunk in _chunks(found):
        names = {f"incident:{number}": (number, visibility) for number, visibility in chunk}
        for subject in sorted(_forgotten(set(names))):
            number, visibility = names[subject]
            said = f"{_name(number, visibility)} waits for an answer, and nobody has been told or will be."
            yield Finding(f"INC-{number}", said)


def _name(number: int, visibility: str) -> str:
    """What a sentence may call it that stands in mail, in titles and on pages: a private one has no number (S34)."""
    return f"INC-{number}" if visibility == "open" else "A private incident"


def _forgotten(subjects: set[str]) -> set[str]:
    """Those of which nobody has been told or will be; what is rarer and dearer to find out is asked last."""
    rest = subjects - _notified(subjects) - _stepping(subjects)
    if rest:
        rest -= _ruled(rest)
    if rest:
        rest -= _notified(rest)  # a step or a rule may have been taken since the first look
    return rest


def _notified(subjects: Iterable[str]) -> set[str]:
    """Subjects of which some person's message was handed over, or is on its way."""
    pages = dict(
        Page.objects.filter(subject__in=subjects, state__in=["sent", "timed_out"]).values_list("pk", "subject")
    )
    told: set[str] = set()
    for chunk in _chunks(list(pages)):
        rows = Delivery.objects.filter(purpose="page", purpose_key__in=[str(pk) for pk in chunk], state__in=TOLD)
        told |= {pages[int(key)] for key in rows.values_list("purpose_key", flat=True)}
    return told


def _stepping(subjects: Iterable[str]) -> set[str]:
    """Subjects with a future step: a running escalation whose row stands in the due queue."""
    running = Escalation.objects.filter(subject__in=subjects, state="running", due_at__isnull=False)
    keys = {escalation.step_key: escalation.subject for escalation in running}
    alive = DueRow.objects.filter(key__in=list(keys), state__in=[DueRow.WAITING, DueRow.LEASED])
    return {keys[key] for key in alive.values_list("key", flat=True)}


def _ruled(subjects: Iterable[str]) -> set[str]:
    """Subjects with an open page of which a delayed rule stands in the due queue: low urgency knows no step (O25)."""
    pages = Page.objects.filter(subject__in=subjects, state__in=OPEN_PAGES, escalation__state__in=LIVE_ESCALATIONS)
    prefixes = {page.rule_prefix: page.subject for page in pages}
    told: set[str] = set()
    for chunk in _chunks(sorted(prefixes), PREFIXES):
        rows = DueRow.objects.filter(_begins_with(chunk)).values_list("key", "state")  # by the key's index alone
        told |= {prefixes[_prefix_of(key)] for key, state in rows if state in (DueRow.WAITING, DueRow.LEASED)}
    return told


def _begins_with(prefixes: Sequence[str]) -> Q:
    """Keys under any of these prefixes: LIKE cannot use SQLite's index, a range can."""
    if connection.vendor == "postgresql":
        return reduce(or_, (Q(key__startswith=prefix) for prefix in prefixes))
    return reduce(or_, (Q(key__gte=prefix, key__lt=prefix + "\U0010ffff") for prefix in prefixes))


def _prefix_of(key: str) -> str:
    return ":".join(key.split(":")[:3]) + ":"


@check("incidents.unowned")
def unowned() -> Iterable[Finding]:
    """No open incident is without an assignee; who was deactivated answers for nothing that is open (DET-09, S50)."""
    held = Participant.objects.filter(incident=OuterRef("pk"), assignee=True, user__is_active=True)
    lonely = Incident.objects.open().filter(~Exists(held)).values_list("number", "visibility")
    for number, visibility in lonely[:CHUNK]:
        yield Finding(f"INC-{number}", f"{_name(number, visibility)} has nobody who answers for it.")


@check("incidents.unevaluated")
def unevaluated() -> Iterable[Finding]:
    """Open alerts that no rule has seen yet although nothing is queued for them: an event must never be lost."""
    old = Alert.objects.filter(state="open", judged_severity="", first_seen__lt=clock.now() - GRACE)
    ids = list(old.order_by("pk").values_list("pk", flat=True)[: CHUNK * 5])
    for chunk in _chunks(ids):
        rows = DueRow.objects.filter(key__in=[f"event:{pk}:new" for pk in chunk])
        queued = set(rows.exclude(state=DueRow.DONE).values_list("ref", flat=True))
        for pk in chunk:
            if str(pk) not in queued:
                yield Finding(f"alert {pk}", f"Alert {pk} was accepted and never looked at.")


def _chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
