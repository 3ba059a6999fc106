"""What people write to each other: bare addresses become links, an @name is bold; a rule of the markdown parser."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

# Linear: each alternative begins with letters of its own and ends at the first character that it does not take.
_worth = re.compile(r"https?://[^\s<>\"'`\[\](){}|\\^]{3,2000}|(?<![\w@./+-])@[^\W\d_][\w.-]{0,60}")
_trailing = ".,;:!?-"


def spoken(state: StateCore) -> None:
    """Mark addresses and names in texts that are rendered as talk; links, code and other blocks stay as they are."""
    if not state.env.get("talk"):
        return
    for token in state.tokens:
        if token.type == "inline" and token.children:
            token.children = list(_marked(token.children))


def _marked(tokens: Iterable[Token]) -> Iterator[Token]:
    inside = 0
    for token in tokens:
        inside += token.nesting if token.type in ("link_open", "link_close") else 0
        if token.type == "text" and not inside:
            yield from _split(token)
        else:
            yield token


def _split(token: Token) -> Iterator[Token]:
    done = 0
    for found in _worth.finditer(token.content):
        word = found[0].rstrip(_trailing)
        yield _text(token, token.content[done : found.start()])
        tag, kind = ("strong", "strong") if word.startswith("@") else ("a", "link")
        yield Token(f"{kind}_open", tag, 1, attrs={"href": word} if kind == "link" else {}, level=token.level)
        yield _text(token, word)
        yield Token(f"{kind}_close", tag, -1, level=token.level)
        done = found.start() + len(word)
    yield _text(token, token.content[done:])


def _text(token: Token, content: str) -> Token:
    return Token("text", "", 0, content=content, level=token.level)
