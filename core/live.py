"""The live feed: the database is the feed, a wake-up is only a hint (stack 4).

A topic counts its entries without gaps: the counter's row lock orders the writers, so whoever reads up to a
number has everything below it. Sockets re-read from their last number; lost or doubled hints are harmless.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

from django.db import connection, models, transaction
from django.urls.resolvers import RoutePattern

from core import clock, wake
from core.models import FeedEntry, FeedTopic


@dataclass(frozen=True, slots=True)
class Frame:
    """What a socket sends: kind "skip" carries no html, since the viewer may not see the entry."""

    seq: int
    kind: str
    html: str = ""


class Topic(Protocol):
    """A family of topics, named by what stands before the colon."""

    prefix: str

    def may_see(self, actor: Any, key: str) -> str | None:
        """The audience to which the actor belongs (frames are rendered once per audience), None for no right."""

    def render(self, key: str, entries: Sequence[FeedEntry], audience: str) -> list[Frame]:
        """One frame per entry, in their order; "skip" where the audience may not see."""


_ENTRY = "INSERT INTO core_feedentry (topic, seq, kind, ref, at) VALUES (%s, %s, %s, %s, %s)"
PathTopic = Callable[[Any, Mapping[str, Any]], str | None]
_topics: dict[str, Topic] = {}
_keep: dict[str, timedelta] = {}
_paths: list[tuple[RoutePattern, PathTopic]] = []


def register_topic(topic: Topic, *, keep: timedelta | None = None) -> None:
    """Add a family of topics whose entries are kept for ever or for `keep`; raises ValueError for a taken prefix."""
    if _topics.setdefault(topic.prefix, topic) is not topic:
        raise ValueError(f"live topic {topic.prefix} is already registered")
    if keep is not None:
        _keep[topic.prefix] = keep


def topic_of(name: str) -> tuple[Topic, str] | None:
    """The family and the key of a topic's name such as `incident:42`."""
    prefix, _, key = name.partition(":")
    topic = _topics.get(prefix)
    return None if topic is None else (topic, key)


def register_path(route: str, topic: PathTopic) -> None:
    """Say which topic a socket's path shows: `ws/incidents/<int:number>/`, and (actor, values) -> name or None."""
    _paths.append((RoutePattern(route, is_endpoint=True), topic))


def name_for(path: str, actor: Any) -> str | None:
    """The topic's name for a path without its leading slash and this actor; None when there is none."""
    for pattern, topic in _paths:
        match = pattern.match(path)
        if match is not None:
            return topic(actor, match[2])
    return None


def append(topic: str, kind: str, ref: str = "") -> int:
    """Add an entry inside the caller's transaction and return its number; the web processes look after the commit."""
    with transaction.atomic(savepoint=False):
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_feedtopic (name, last_seq) VALUES (%s, 1) "
                "ON CONFLICT (name) DO UPDATE SET last_seq = core_feedtopic.last_seq + 1 RETURNING last_seq",
                [topic],
            )
            seq: int = cursor.fetchone()[0]
            at = connection.ops.adapt_datetimefield_value(clock.now())
            cursor.execute(_ENTRY, [topic, seq, kind, ref, at])  # for each change and board: it pays to be brief
        wake.after_commit("web")
    return seq


def since(topic: str, seq: int, limit: int = 500) -> list[FeedEntry]:
    """The entries after `seq`, in order."""
    return list(FeedEntry.objects.filter(topic=topic, seq__gt=seq).order_by("seq")[:limit])


def last_seq(topic: str) -> int:
    """The number of the newest entry, 0 where there is none."""
    return heads([topic]).get(topic, 0)


def heads(topics: Iterable[str]) -> dict[str, int]:
    """The newest numbers of several topics in one query; topics without entries are absent."""
    return dict(FeedTopic.objects.filter(name__in=list(topics)).values_list("name", "last_seq"))


def forgettable() -> list[models.QuerySet[FeedEntry]]:
    """Old entries of the families that need not be read from their start; the numbers go on."""
    now = clock.now()
    return [
        FeedEntry.objects.filter(topic__startswith=f"{prefix}:", at__lt=now - keep) for prefix, keep in _keep.items()
    ]
