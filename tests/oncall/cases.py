"""A subject of the tests' own, the database steps of the due queue, and carriers without carriers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts.actors import Actor, system
from accounts.models import User
from core import claims, clock
from core.worker import do
from notifications.models import Delivery
from oncall.commands import escalations
from oncall.commands.purpose import PAGE_PURPOSE
from oncall.kinds import Subject, SubjectText, register_subject
from oncall.models import Escalation, EscalationPolicy, Page

KEY = "case:7"
KINDS = ("escalation.step", "rule.fire", "page.failed")


@dataclass
class Case:
    """Stands for an incident: remembers what was written, and stops its escalation when it is accepted."""

    entries: list[tuple[str, str]] = field(default_factory=list)
    data: list[dict[str, Any]] = field(default_factory=list)
    exhausted: int = 0
    wanted: bool = True
    standing: str = ""
    remark: str = ""
    rank: int = 1
    unknown_to: list[User] = field(default_factory=list)

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.entries]

    def texts(self, kind: str) -> list[str]:
        return [text for found, text in self.entries if found == kind]

    def register(self) -> Case:
        register_subject(
            Subject(
                prefix="case",
                describe=self._describe,
                noted=self._noted,
                answered=self._answered,
                exhausted=self._exhausted,
                still_wanted=lambda key: self.wanted,
                remark=lambda key: self.remark,
                hidden=lambda actor: [KEY] if actor.user in self.unknown_to else [],
            )
        )
        return self

    def _describe(self, key: str) -> SubjectText:
        return SubjectText(
            number="CASE-7",
            title="Checkout is down",
            url="http://localhost:8000/cases/7/",
            rank=self.rank,
            priority_name=f"P{self.rank}",
            service="Checkout",
            asks="Please acknowledge.",
            standing=self.standing,
        )

    def _noted(self, key: str, kind: str, text: str, data: Mapping[str, Any], *, actor: Actor | None = None) -> None:
        self.entries.append((kind, text))
        self.data.append(dict(data))

    def _answered(self, key: str, actor: Actor, answer: str, page: Page, via: str) -> str:
        if answer == "accept":
            escalations.stop(actor, key, reason="acknowledged")
            self.standing = f"{actor.label} acknowledged it."
        if answer == "escalate":
            escalations.escalate_now(actor, key)
        return f"{answer}: thank you."

    def _exhausted(self, key: str) -> None:
        self.exhausted += 1


@transaction.atomic
def start(
    policy: EscalationPolicy | None, *, urgency: str = "high", rank: int = 1, team_id: int | None = None, **kw: Any
) -> Escalation:
    """Begin to page for the case, as opening an incident does."""
    team = team_id if policy is None else policy.team_id
    return escalations.start(system(), policy=policy, subject=KEY, urgency=urgency, rank=rank, team_id=team, **kw)


@transaction.atomic
def stop(reason: str = "acknowledged") -> None:
    """What an acknowledgement does."""
    escalations.stop(system(), KEY, reason=reason)


def work() -> int:
    """Do every database step that is due at this moment; says how many."""
    done = 0
    while items := claims.claim(kinds=KINDS):
        for item in items:
            do(item, strict=True)
            done += 1
    return done


def after(at: clock.FrozenClock, **by: float) -> int:
    """Move the clock and do what has become due."""
    at.move(**by)
    return work()


def queued(user: User | None = None) -> list[Delivery]:
    """Messages that no provider has yet."""
    found = Delivery.objects.filter(state="queued", purpose="page").order_by("pk")
    return list(found if user is None else found.filter(user=user))


def paged(*, state: str = "sent") -> list[str]:
    """First names of those whose page is in this state."""
    found = Page.objects.filter(state=state).select_related("user").order_by("pk")
    return [page.user.name.split()[0] for page in found]


@transaction.atomic
def hand(*deliveries: Delivery) -> None:
    """A provider takes these messages (default: all that are queued)."""
    for delivery in deliveries or queued():
        Delivery.objects.filter(pk=delivery.pk).update(state="sent", handed_at=clock.now(), attempts=1)
        PAGE_PURPOSE.handed(delivery)


@transaction.atomic
def fail(delivery: Delivery, *, final: bool) -> None:
    """A provider refuses this message, for good or for now."""
    state = "failed" if final else "queued"
    Delivery.objects.filter(pk=delivery.pk).update(state=state, attempts=delivery.attempts + 1, error="refused")
    PAGE_PURPOSE.failed(delivery, final)
