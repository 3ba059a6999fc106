"""Who asks: the registry through which the web and API bases learn the actor without knowing people.

`core` may not import `accounts`; `accounts/apps.py` fills these slots when Django starts, and a system
check proves that they are filled. What they return is `accounts.actors.Actor`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured


class ActorLike(Protocol):
    """What the mechanics need to know of an actor: a text key for ever (A93) and a name for people."""

    @property
    def key(self) -> str:
        """Such as `user:7`."""

    @property
    def label(self) -> str:
        """The name as it was then."""


@dataclass(slots=True)
class _Registry:
    actor_of: Callable[[Any], Any] | None = None
    socket_actor: Callable[[Mapping[str, Any]], Any] | None = None
    require: Callable[[Any, Any, Any], None] | None = None
    sees_engine: Callable[[Any], bool] | None = None
    held_up: Callable[[Any], str] | None = None
    standing: Callable[[Any], str] | None = None


_registry = _Registry()
_sights: list[Callable[[Any, Mapping[str, Any], Any], None]] = []


def fill(
    *,
    actor_of: Callable[[Any], Any],
    socket_actor: Callable[[Mapping[str, Any]], Any],
    require: Callable[[Any, Any, Any], None],
    sees_engine: Callable[[Any], bool],
    held_up: Callable[[Any], str],
    standing: Callable[[Any], str],
) -> None:
    """Set the six answers; called once by the room that owns people."""
    _registry.actor_of, _registry.socket_actor, _registry.require = actor_of, socket_actor, require
    _registry.sees_engine, _registry.held_up = sees_engine, held_up
    _registry.standing = standing


def unfilled() -> list[str]:
    """The names of the slots that nobody has filled, for the system check."""
    slots = {
        "actor_of": _registry.actor_of,
        "socket_actor": _registry.socket_actor,
        "require": _registry.require,
        "sees_engine": _registry.sees_engine,
        "held_up": _registry.held_up,
        "standing": _registry.standing,
    }
    return [name for name, slot in slots.items() if slot is None]


def actor_of(request: Any) -> Any:
    """The `Actor` behind a Django or REST framework request; the anonymous actor where nobody signed in."""
    if _registry.actor_of is None:
        raise ImproperlyConfigured("core.web.access has not been filled")
    return _registry.actor_of(request)


def socket_actor(scope: Mapping[str, Any]) -> Any:
    """The `Actor` behind an ASGI scope's session cookie or bearer token, or None.

    Reads the database each time (call it off the event loop), so that asking again tells whether the
    session still stands after sign-out, a change of role or deactivation (A28). Raises TooMany for a wrong
    token where one address has sent many.
    """
    if _registry.socket_actor is None:
        raise ImproperlyConfigured("core.web.access has not been filled")
    return _registry.socket_actor(scope)


def require(actor: Any, permission: Any, thing: Any = None) -> None:
    """Raise Forbidden unless the actor may; `permission` is a row of the table of rights, or the name of one."""
    if _registry.require is None:
        raise ImproperlyConfigured("core.web.access has not been filled")
    _registry.require(actor, permission, thing)


def sees_engine(actor: Any) -> bool:
    """Whether the actor may know how the engine does: staff and their tokens that read."""
    if _registry.sees_engine is None:
        raise ImproperlyConfigured("core.web.access has not been filled")
    return _registry.sees_engine(actor)


def held_up(request: Any) -> str:
    """The page to which whoever asks is led before any other opens (a second factor is missing); empty for most."""
    if _registry.held_up is None:
        raise ImproperlyConfigured("core.web.access has not been filled")
    return _registry.held_up(request)


def standing(actor: Any) -> str:
    """How far the actor reaches now, as a text that changes with role, teams and scopes."""
    if _registry.standing is None:
        raise ImproperlyConfigured("core.web.access has not been filled")
    return _registry.standing(actor)


def sight(check: Callable[[Any, Mapping[str, Any], Any], None]) -> None:
    """Register a room's refusal of a kept answer: given the actor, the values of the path and the answer's body."""
    _sights.append(check)


def sees_still(actor: Any, path: Mapping[str, Any], body: Any) -> None:
    """Raise what a room says of an answer that was kept and names what the actor may not know of by now."""
    for check in _sights:
        check(actor, path, body)
