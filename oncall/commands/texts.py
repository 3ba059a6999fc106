"""What a page says: number, title, service, what is asked, how late it is, and the two links."""

from __future__ import annotations

from datetime import timedelta

from django.utils.timezone import override

from accounts.queries import managers_of
from core import links
from core.zones import zone_of
from notifications.kinds import Message
from oncall.kinds import SubjectText, subject_of
from oncall.models import Escalation, Page
from oncall.states import OPEN_PAGES

REASONS = {"level": "", "again": "You acknowledged it, and it is still open."}
NO_POLICY, NOBODY_REACHED = "There is no escalation policy", "Nobody on the policy can be reached"


def answer_path(page: Page) -> str:
    """The path of the form with Accept and Decline; a GET changes nothing (S9, O30)."""
    return f"/answer/{links.sign('answer', str(page.pk))}/"


def minutes_late(late: timedelta) -> int:
    """Whole minutes, 0 while it is under one."""
    return max(0, int(late.total_seconds() // 60))


def why_exhausted(escalation: Escalation) -> str:
    """Why the last resort is asked, in half a sentence that is true: nobody answered only where somebody was asked."""
    waiting = {"reason": "last_resort", "state__in": OPEN_PAGES}
    if escalation.pages.exclude(state="undeliverable").exclude(**waiting).exists():
        return "Nobody has answered"
    return NOBODY_REACHED if escalation.levels or escalation.policy_id else NO_POLICY


def _reason(page: Page) -> str:
    """Why this person is asked, where it is not simply his or her level."""
    if page.reason != "last_resort":
        return REASONS.get(page.reason, "")
    why = why_exhausted(page.escalation)
    if why != NO_POLICY:
        return f"{why}: you are the last resort."
    manages = managers_of(page.escalation.team_id).filter(pk=page.user_id).exists()
    what = "its team" if manages else "the portal"
    return f"This service has no escalation policy: you are asked because you look after {what}."


def _remark(page: Page) -> str:
    """What the subject says to whoever is still paged, such as that its alerts have ended; in the person's zone."""
    with override(zone_of(page.user.time_zone)):
        return subject_of(page.subject).remark(page.subject)


def page_message(page: Page, about: SubjectText, *, late: timedelta = timedelta(0)) -> Message:
    """The message of one page; `late` is how long after its time the step was taken."""
    parts = [f"{about.priority_name} on {about.service}.", _remark(page), _reason(page), about.asks]
    message = Message(
        title=about.title,
        text=" ".join(part for part in parts if part),
        link=about.url,
        answer_link=links.absolute(answer_path(page)),
        rank=about.rank,
        incident=about.number,
    )
    minutes = minutes_late(late)
    return message.late(minutes) if minutes else message


def notice(about: SubjectText, sentence: str) -> Message:
    """A message that asks for nothing: to process owners and administrators."""
    return Message(title=about.title, text=sentence, link=about.url, rank=about.rank, incident=about.number)
