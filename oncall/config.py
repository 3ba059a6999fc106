"""The room's sections of the configuration file: schedules, escalation policies, services."""

from __future__ import annotations

from typing import Any, ClassVar

from accounts.actors import Actor
from accounts.config import people_named, person_named, team_named
from core.config.nouns import Document, Field, Noun, wrong
from oncall.commands import policies, schedules, services
from oncall.kinds import LevelDraft
from oncall.models import EscalationPolicy, Level, Schedule, Service
from oncall.queries.on_call import can_be_on_call
from oncall.queries.services import Needs


def service_named(name: str, path: str = "service") -> Service:
    """The service in use of a name, whatever its case; raises Invalid at the path."""
    found = Service.objects.select_related("team").filter(name__iexact=name.strip(), archived_at=None).first()
    if found is None:
        raise wrong(path, f"there is no service “{name[:80]}” in use.")
    return found


def policy_named(name: str, path: str = "policy") -> EscalationPolicy:
    """The policy of a name, whatever its case; raises Invalid at the path."""
    found = EscalationPolicy.objects.select_related("team").filter(name__iexact=name.strip()).first()
    if found is None:
        raise wrong(path, f"there is no policy “{name[:80]}”.")
    return found


def schedule_named(name: str, path: str) -> Schedule:
    """The schedule of a name, whatever its case; raises Invalid at the path."""
    found = Schedule.objects.select_related("team").filter(name__iexact=name.strip()).first()
    if found is None:
        raise wrong(path, f"there is no schedule “{name[:80]}”.")
    return found


def _sorted(documents: list[Document]) -> list[Document]:
    return sorted(documents, key=lambda document: (document["name"].casefold(), document["name"]))


class SchedulesNoun(Noun):
    """Who takes turns, and when."""

    name, order, key = "schedules", 40, ("name",)
    fields: ClassVar = {
        "name": Field("text"),
        "team": Field("text", fold=True),
        "time_zone": Field("text", "UTC"),
        "anchor": Field("text"),
        "unit": Field("text", "week"),
        "length": Field("number", 1),
        "members": Field("texts", fold=True),
    }

    def documents(self) -> list[Document]:
        """By name; people who were shut out take no turns and are left out."""
        found = []
        for each in Schedule.objects.select_related("team").prefetch_related("members__user"):
            plain = {name: getattr(each, name) for name in ("name", "time_zone", "anchor", "unit", "length")}
            people = [member.user.email for member in each.members.all() if can_be_on_call(member.user)]
            document = {**plain, "team": each.team.name, "members": people}
            found.append({name: document[name] for name in self.fields})
        return _sorted(found)

    def create(self, actor: Actor, wanted: Document) -> None:
        """Make it with its turns."""
        values = {name: wanted[name] for name in ("name", "time_zone", "anchor", "unit", "length")}
        members = [user.pk for user in people_named(wanted["members"], "members")]
        schedules.create(actor, team_named(wanted["team"]), members=members, **values)

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Only what differs."""
        values: dict[str, Any] = {name: wanted[name] for name in names - {"team", "members"}}
        if "team" in names:
            values["team"] = team_named(wanted["team"])
        if "members" in names:
            values["members"] = [user.pk for user in people_named(wanted["members"], "members")]
        schedules.edit(actor, schedule_named(before["name"], "name"), **values)

    def remove(self, actor: Actor, before: Document) -> None:
        """Remove one that no policy uses any more."""
        schedules.delete(actor, schedule_named(before["name"], "name"))


class PoliciesNoun(Noun):
    """Who is paged, in which order."""

    name, order, key = "policies", 50, ("name",)
    fields: ClassVar = {
        "name": Field("text"),
        "team": Field("text", fold=True),
        "repeats": Field("number", 2),
        "fallback": Field("text", None, none=True, fold=True),
        "levels": Field(
            "documents",
            parts={
                "timeout_minutes": Field("number", 5),
                "people": Field("texts", [], fold=True, loose=True),
                "schedules": Field("texts", [], fold=True, loose=True),
            },
        ),
    }

    def documents(self) -> list[Document]:
        """By name; people who were shut out cannot be paged and are left out."""
        rows = EscalationPolicy.objects.select_related("team", "fallback")
        found = []
        for each in rows.prefetch_related("levels__targets__user", "levels__targets__schedule"):
            fallback = each.fallback.email if each.fallback and can_be_on_call(each.fallback) else None
            levels = [_level(level) for level in each.levels.all()]
            document = {"name": each.name, "team": each.team.name, "repeats": each.repeats}
            found.append({**document, "fallback": fallback, "levels": levels})
        return _sorted(found)

    def create(self, actor: Actor, wanted: Document) -> None:
        """Make it with its levels."""
        fallback = person_named(wanted["fallback"], "fallback") if wanted["fallback"] else None
        values = {"name": wanted["name"], "repeats": wanted["repeats"], "levels": _drafts(wanted)}
        policies.create(actor, team_named(wanted["team"]), fallback=fallback, **values)

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Only what differs; running escalations keep their copy (O24)."""
        values: dict[str, Any] = {name: wanted[name] for name in names & {"name", "repeats"}}
        if "team" in names:
            values["team"] = team_named(wanted["team"])
        if "fallback" in names:
            values["fallback"] = person_named(wanted["fallback"], "fallback") if wanted["fallback"] else None
            values["keep_fallback"] = False
        if "levels" in names:
            values["levels"] = _drafts(wanted)
        policies.edit(actor, policy_named(before["name"], "name"), **values)

    def remove(self, actor: Actor, before: Document) -> None:
        """Remove one that no service uses any more."""
        policies.delete(actor, policy_named(before["name"], "name"))


def _level(level: Level) -> Document:
    targets = list(level.targets.all())
    return {
        "timeout_minutes": level.timeout_minutes,
        "people": sorted(each.user.email for each in targets if each.user and can_be_on_call(each.user)),
        "schedules": sorted((each.schedule.name for each in targets if each.schedule), key=str.casefold),
    }


def _drafts(wanted: Document) -> list[LevelDraft]:
    """The levels with the ids of those whom the file names."""
    found = []
    for place, level in enumerate(wanted["levels"]):
        people = people_named(level["people"], f"levels[{place}].people")
        named = [
            schedule_named(name, f"levels[{place}].schedules[{number}]")
            for number, name in enumerate(level["schedules"])
        ]
        ids = tuple(user.pk for user in people), tuple(schedule.pk for schedule in named)
        found.append(LevelDraft(level["timeout_minutes"], *ids))
    return found


class ServicesNoun(Noun):
    """Services in use, and what they need to work."""

    name, order, key = "services", 60, ("name",)
    fields: ClassVar = {
        "name": Field("text"),
        "team": Field("text", fold=True),
        "policy": Field("text", None, none=True, fold=True),
        "description": Field("text", ""),
        "urgency": Field("text", "priority"),
        "ack_timeout_minutes": Field("number", None, none=True),
        "reopen_window_minutes": Field("number", 30),
        "quiet_resolve_seconds": Field("number", 60),
        "customer_facing": Field("flag", False),
        "needs": Field("texts", [], fold=True, loose=True),
    }

    def documents(self) -> list[Document]:
        """By name; archived ones are left out."""
        rows = Service.objects.filter(archived_at=None).select_related("team", "policy")
        found = []
        for each in rows.prefetch_related("dependencies__needs"):
            needs = [one.needs.name for one in each.dependencies.all() if one.needs.archived_at is None]
            policy = each.policy.name if each.policy else None
            document = {name: getattr(each, name) for name in services.FIELDS}
            document |= {"team": each.team.name, "policy": policy, "needs": sorted(needs, key=str.casefold)}
            found.append({name: document[name] for name in self.fields})
        return _sorted(found)

    def back(self, wanted: Document) -> str:
        """One that was archived returns with its history."""
        return "comes back (was archived)" if _archived(wanted) else ""

    def create(self, actor: Actor, wanted: Document) -> None:
        """Make it, or bring an archived one of that name back; what it needs follows when all stand."""
        former = _archived(wanted)
        if former is not None:
            services.restore(actor, former)
            names = set(self.fields) - {"needs"}
            self.change(actor, {"name": former.name}, wanted, names)
            services.edit(actor, former, needs=[])
            return
        values = {name: wanted[name] for name in services.FIELDS}
        policy = policy_named(wanted["policy"]) if wanted["policy"] else None
        services.create(actor, team_named(wanted["team"]), policy=policy, **values)

    def change(self, actor: Actor, before: Document, wanted: Document, names: set[str]) -> None:
        """Only what differs."""
        values: dict[str, Any] = {name: wanted[name] for name in names & set(services.FIELDS)}
        if "team" in names:
            values["team"] = team_named(wanted["team"])
        if "policy" in names:
            values["policy"] = policy_named(wanted["policy"]) if wanted["policy"] else None
            values["keep_policy"] = False
        if values:
            services.edit(actor, service_named(before["name"], "name"), **values)

    def links(self) -> Needs:
        """Who needs whom."""
        return services.all_needs()

    def disconnect(self, actor: Actor, before: Document | None, wanted: Document, links: Needs) -> None:
        """End needs that are not wanted first, so that turning two round is no circle on the way (A83)."""
        if before is not None and set(before["needs"]) - set(wanted["needs"]):
            kept = {name.casefold() for name in wanted["needs"]}
            stay = [service_named(name, "needs").pk for name in before["needs"] if name.casefold() in kept]
            services.edit(actor, service_named(wanted["name"], "name"), needs=stay, known=links)

    def connect(self, actor: Actor, before: Document | None, wanted: Document, links: Needs) -> None:
        """Say what it needs; a circle is refused with its path (A83)."""
        if (before["needs"] if before else []) != wanted["needs"]:
            needed = [service_named(name, f"needs[{place}]").pk for place, name in enumerate(wanted["needs"])]
            services.edit(actor, service_named(wanted["name"], "name"), needs=needed, known=links)

    def remove(self, actor: Actor, before: Document) -> None:
        """Archive it: its history stays."""
        services.archive(actor, service_named(before["name"], "name"))


def _archived(wanted: Document) -> Service | None:
    return Service.objects.filter(name__iexact=wanted["name"].strip()).exclude(archived_at=None).first()
