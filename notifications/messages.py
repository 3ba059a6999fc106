"""A message in plain values, and several of them as one digest; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

ANSWER = "answer"  # what the token at the end of an `answer_link` is signed for
LISTED = 40  # messages of a digest that are written out; the numbers of all stand above them


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be said, in plain values; a provider cuts it to its carrier's size.

    `html` is a clean fragment (core.text) and may be empty; `link` shows, `answer_link` asks: it ends with a token for
    `ANSWER`, which is signed anew when the message leaves, so no other field may hold it (F53). `rank` is the
    priority (1 is P1); `incident` the number in writing ("INC-42"); `code` binds an answer to this very message
    (O30); `speech` is what a call says, else title and text; `count` how many messages a digest stands for.
    """

    title: str
    text: str
    html: str = ""
    link: str = ""
    answer_link: str = ""
    rank: int = 3
    incident: str = ""
    code: str = ""
    speech: str = ""
    count: int = 1

    def to_json(self) -> dict[str, Any]:
        """Plain values for the database."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Message:
        """Back from the database; raises ValueError when it is not a message (F17)."""
        kinds = {f.name: int if f.name in {"rank", "count"} else str for f in fields(cls)}
        if not isinstance(value, Mapping) or "title" not in value:
            raise ValueError("not a message")
        known = {name: value[name] for name in kinds if name in value}
        if not all(isinstance(each, kinds[name]) for name, each in known.items()):
            raise ValueError("not a message")
        return cls(**{"text": "", **known})

    @property
    def heading(self) -> str:
        """Number and title, as every message must carry them."""
        return f"{self.incident}: {self.title}" if self.incident else self.title

    @property
    def best_link(self) -> str:
        """The link that a short message ends with."""
        return self.answer_link or self.link

    def late(self, minutes: int) -> Message:
        """The same message, saying that it is late: a page is never dropped for its age."""
        note = f"Late by {minutes} min."
        return replace(
            self,
            text=f"{note} {self.text}".strip(),
            html=f"<p>{note}</p>{self.html}" if self.html else "",
            speech=f"{note} {self.speech}" if self.speech else "",
        )


def digest(first: Message, others: Sequence[Message], link: str) -> Message:
    """Several messages as one: the first one's title, the count, every number, then title and link of each (F65).

    An answer by key or reply is for all of them, and the text says so; `link` leads to the person's own page.
    """
    if not others:
        return first
    every = [first, *others]
    count = len(every)
    numbers = ", ".join(dict.fromkeys(m.incident for m in every if m.incident))
    lines = [f"{m.heading}\n{m.best_link}" for m in every[:LISTED]]
    if count > LISTED:
        lines.append(f"and {count - LISTED} more: {link}")
    more = f"{count} pages wait for you: {numbers}."
    return replace(
        first,
        title=f"{first.title} (and {count - 1} more)",
        text="\n\n".join([more, *lines]),
        html="",
        link=link,
        answer_link="",
        rank=min(m.rank for m in every),
        speech=f"{count} pages wait for you. The first is {first.speech or first.heading}. A key answers all of them.",
        count=count,
    )
