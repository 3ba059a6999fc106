"""Who acts: a person, a person's token, a link in a page, a monitoring key, or the portal itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models.users import User


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who asks for something; commands take it as their first argument.

    `kind` is anonymous, user, token, link, integration or system. `via` names the door in plain words
    ("web", "api", "mail link", "keypad"). `scopes` is None where nothing narrows the person's rights.
    `service_id` is the service of an integration key.
    """

    kind: str
    label: str
    user: User | None = None
    via: str = "web"
    scopes: frozenset[str] | None = None
    service_id: int | None = None
    on_behalf_of: str = ""
    columns: frozenset[str] = field(default_factory=frozenset)

    @property
    def key(self) -> str:
        """A text that names the actor for ever, also after the person is gone (A93)."""
        if self.user is not None:
            return f"user:{self.user.pk}"
        if self.kind == "integration":
            return f"integration:{self.service_id}"
        return self.kind

    @property
    def is_person(self) -> bool:
        """Whether a signed-in or link-carrying person stands behind it."""
        return self.user is not None


ANONYMOUS = Actor(kind="anonymous", label="Somebody")


def person(user: User, *, via: str = "web") -> Actor:
    """A signed-in person."""
    return Actor(kind="user", label=user.name, user=user, via=via)


def token_holder(user: User, scopes: Collection[str] | None) -> Actor:
    """A person's API token: never wider than the person is now, narrowed by scopes."""
    return Actor(
        kind="token",
        label=user.name,
        user=user,
        via="API",
        scopes=None if scopes is None else frozenset(scopes),
    )


def link_holder(user: User, *, via: str = "mail link") -> Actor:
    """Somebody who followed the link or pressed the key of a page sent to `user` (A47)."""
    return Actor(kind="link", label=user.name, user=user, via=via)


def integration(label: str, service_id: int) -> Actor:
    """A monitoring tool with a key of one service."""
    return Actor(kind="integration", label=label, via="event", service_id=service_id)


def system(label: str = "Watchbill", *, on_behalf_of: str = "") -> Actor:
    """The portal itself: time-outs, rules, escalations."""
    return Actor(kind="system", label=label, via="system", on_behalf_of=on_behalf_of)
