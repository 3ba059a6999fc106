"""Whether and how a person can be reached, and who is the last resort."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from accounts import queries as people
from accounts.models import User
from notifications.models import ContactMethod
from oncall.models import NotificationRule
from oncall.queries.on_call import can_be_on_call

#: A new person's default: at once by mail and push (defaults.md).
DEFAULT_PROVIDERS = ("email", "webpush", "ntfy")


@dataclass(frozen=True, slots=True)
class Way:
    """One message that a page causes: so many minutes after it, to this address."""

    delay_minutes: int
    method: ContactMethod

    @property
    def words(self) -> str:
        """When and by what, without the address."""
        return f"{self.method.carrier} after {self.delay_minutes} min" if self.delay_minutes else self.method.carrier

    @property
    def spoken(self) -> str:
        """The carrier as it stands inside a sentence: e-mail, push, SMS."""
        name = self.method.carrier
        return name if name[1:2].isupper() else name[:1].lower() + name[1:]

    @property
    def sentence(self) -> str:
        """The same as a part of a sentence about oneself, with the address."""
        when = f"after {self.delay_minutes} min" if self.delay_minutes else "at once"
        return f"{when} by {self.method.carrier} ({self.method.address})"


def verified_methods(user_id: int) -> list[ContactMethod]:
    """Addresses that have proved theirs; the secrets stay sealed, so that a damaged one harms no other (F17)."""
    found = ContactMethod.objects.filter(user_id=user_id, verified_at__isnull=False)
    return list(found.defer("secrets").order_by("pk"))


def ways_to(user: User, urgency: str) -> list[Way]:
    """What the person's rules for this urgency say, soonest first; the default where none can work.

    Addresses that were refused within the last day are only used where there is no other one: a page that may fail
    beats none (O29, F67).
    """
    return ways_of([user], urgency)[user.pk]


def surest_way(user: User, urgency: str) -> ContactMethod | None:
    """For what goes by one way alone: the first of their ways, unless it was refused once and another never (F67)."""
    ways = [way.method for way in ways_to(user, urgency)]
    if not ways or not ways[0].doubt:
        return ways[0] if ways else None
    return min([*ways, *verified_methods(user.pk)], key=lambda method: method.doubt)


def ways_of(users: Iterable[User], urgency: str) -> dict[int, list[Way]]:
    """`ways_to` for several people, by id, in two queries."""
    methods: dict[int, list[ContactMethod]] = {user.pk: [] for user in users}
    for method in ContactMethod.objects.filter(user__in=methods, verified_at__isnull=False).defer("secrets"):
        methods[method.user_id].append(method)
    rules: dict[int, list[NotificationRule]] = {pk: [] for pk in methods}
    for rule in NotificationRule.objects.filter(user__in=methods, urgency=urgency).order_by("delay_minutes", "pk"):
        rules[rule.user_id].append(rule)
    return {pk: _ways(found, rules[pk]) for pk, found in methods.items()}


def _ways(methods: list[ContactMethod], rules: list[NotificationRule]) -> list[Way]:
    usable = [method for method in methods if not method.rests] or methods
    by_id = {method.pk: method for method in usable}
    ways = [Way(rule.delay_minutes, by_id[rule.method_id]) for rule in rules if rule.method_id in by_id]
    return ways or default_ways(usable)


def default_ways(methods: Collection[ContactMethod]) -> list[Way]:
    """What applies without rules of one's own, given one's proven addresses: at once by mail and push."""
    usual = [method for method in methods if method.provider in DEFAULT_PROVIDERS]
    return [Way(0, method) for method in usual or methods]


def reachable(user: User) -> bool:
    """Active, staff, and with at least one address that works."""
    return user.pk in reachable_ids([user.pk])


def reachable_ids(ids: Iterable[int]) -> set[int]:
    """Those of these people who can be reached now, in one query."""
    way = ContactMethod.objects.usable().filter(user=OuterRef("pk"))
    found = User.objects.filter(Exists(way), pk__in=list(ids), is_active=True).exclude(role="stakeholder")
    return set(found.values_list("pk", flat=True))


def last_resort(*, fallback_id: int | None, team_id: int | None, without: Collection[int] = ()) -> list[User]:
    """The fallback contact, else the team's managers, else the administrators: the first group that can be reached.

    `without` are people who have been asked as last resort and said no. Where nobody of any group can be reached,
    the last group that has anybody is returned all the same: never fewer than one person (domain.md).
    """
    groups = [
        [user for user in _people(fallback_id) if can_be_on_call(user)],
        [user for user in people.managers_of(team_id) if can_be_on_call(user)],
        list(people.administrators()),
    ]
    groups = [[user for user in group if user.pk not in without] for group in groups]
    for group in groups:
        ids = reachable_ids(user.pk for user in group)
        if ids:
            return [user for user in group if user.pk in ids]
    return next((group for group in reversed(groups) if group), [])


def _people(user_id: int | None) -> list[User]:
    return [] if user_id is None else list(User.objects.filter(pk=user_id))
