"""What a page says: number, title, service, what is asked, how late it is, and the two links."""

from __future__ import annotations

from datetime import timedelta

from core import links
from notifications.kinds import Message
from oncall.kinds import SubjectText
from oncall.models import Page

REASONS = {
    "level": "",
    "again": "You acknowledged it, and it is still open.",
    "last_resort": "Nobody else has answered: you are the last resort.",
}


def answer_path(page: Page) -> str:
    """The path of the form with Accept and Decline; a GET changes nothing (S9, O30)."""
    return f"/answer/{links.sign('answer', str(page.pk))}/"


def minutes_late(late: timedelta) -> int:
    """Whole minutes, 0 while it is under one."""
    return max(0, int(late.total_seconds() // 60))


def page_message(page: Page, about: SubjectText, *, late: timedelta = timedelta(0)) -> Message:
    """The message of one page; `late` is how long after its time the step was taken."""
    parts = [f"{about.priority_name} on {about.service}.", REASONS.get(page.reason, ""), about.asks]
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
