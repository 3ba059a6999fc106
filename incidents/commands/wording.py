"""What people write, as it is kept: kinds, texts and marks of entries."""

from __future__ import annotations

from datetime import datetime

from core.errors import Invalid
from core.text import clean_text, to_html
from incidents.engine import slash
from incidents.kinds import entry_kinds
from incidents.queries.timeline import CHAT

LONGEST = 10_000


def marked(mark: str) -> dict[str, str]:
    """What an entry keeps of its sender's mark: 8 to 40 letters and digits, anything else is no mark."""
    return {"mark": mark} if 8 <= len(mark) <= 40 and mark.isascii() and mark.isalnum() else {}


def worded(kind: str, text: str, occurred_at: datetime | None = None) -> tuple[str, str]:
    """The kind and the text of a new entry as they are kept; raises Invalid (RES-05)."""
    clean = reworded(kind, text, occurred_at)
    task = slash.todo(clean) if kind == "note" else None
    return ("todo", task.strip()) if task is not None else (kind, clean)


def reworded(kind: str, text: str, occurred_at: datetime | None = None) -> str:
    """The text as it is kept by an entry that stays of its kind; raises Invalid.

    What is said in the room has our time alone (RES-17).
    """
    if kind not in _human_kinds():
        raise Invalid("People cannot write this kind of entry.", fields={"kind": ["Unknown kind."]})
    if kind == CHAT and occurred_at is not None:
        sentence = "A message has the time at which it is sent. Choose Note for something that happened earlier."
        raise Invalid(sentence, fields={"occurred_at": [sentence]})
    clean = clean_text(text, LONGEST, "text").strip()
    _check_readable(clean)
    return clean


def _check_readable(text: str) -> None:
    """Refuse what could not be shown afterwards: a page with it would be gone for everybody (A87)."""
    try:
        to_html(text, talk=True)
    except Invalid as error:
        sentence = f"{error.detail} {error.hint}"
        raise Invalid(sentence, code=error.code, fields={"text": [sentence]}) from error


def _human_kinds() -> set[str]:
    return {kind.key for kind in entry_kinds() if kind.human}
