"""Whether and how a person can be reached, and who is the last resort."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, FilteredRelation, OuterRef, Q

from accounts import queries as people
from accounts.models import Membership, User
from notifications.models import ContactMethod
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
        return f"{when} by {self.method.carrier} ({self.method.place})"


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
    """`ways_to` for several people, by id, in one query: every proven address with the rules that name it."""
    methods: dict[int, dict[int, ContactMethod]] = {user.pk: {} for user in users}
    rules: dict[int, list[tuple[int, int, int]]] = {pk: [] for pk in methods}
    rows: Any = ContactMethod.objects.filter(user__in=methods, verified_at__isnull=False).defer("secrets")
    own = Q(rules__urgency=urgency, rules__user_id=F("user_id"))
    rows = rows.annotate(rule=FilteredRelation("rules", condition=own))
    for method in rows.annotate(rule_pk=F("rule__pk"), delay=F("rule__delay_minutes")).order_by("pk"):
        methods[method.user_id][method.pk] = method
        if method.rule_pk is not None:
            rules[method.user_id].append((method.delay, method.rule_pk, method.pk))
    return {pk: _ways(list(found.values()), sorted(rules[pk])) for pk, found in methods.items()}


def _ways(methods: list[ContactMethod], rules: Sequence[tuple[int, int, int]]) -> list[Way]:
    """`rules` are the delay in minutes, the rule's and the address's number, in their order."""
    usable = [method for method in methods if not method.rests] or methods
    by_id = {method.pk: method for method in usable}
    ways = [Way(delay, by_id[method]) for delay, _, method in rules if method in by_id]
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
    found = User.objects.filter(has_way(), pk__in=list(ids), is_active=True).exclude(role="stakeholder")
    return set(found.values_list("pk", flat=True))


def last_resort(*, fallback_id: int | None, team_id: int | None, without: Collection[int] = ()) -> list[User]:
    """The fallback contact, else the team's managers, else the administrators: the first group that can be reached.

    `without` are people who have been asked as last resort and said no. Where nobody of any group can be reached,
    the last group that has anybody is returned all the same: never fewer than one person (domain.md). One query.
    """
    managing = Membership.objects.filter(user=OuterRef("pk"), team_id=team_id or 0, role=Membership.MANAGER)
    asked = people.active_people().annotate(manages=Exists(managing), has_way=has_way())
    asked = asked.filter(Q(pk=fallback_id or 0) | Q(manages=True) | Q(role="administrator")).exclude(pk__in=without)
    rows: list[Any] = [user for user in asked if can_be_on_call(user)]
    groups: list[list[Any]] = [
        [user for user in rows if user.pk == fallback_id],
        [user for user in rows if user.manages],
        [user for user in rows if user.role == "administrator"],
    ]
    reached = [[user for user in group if user.has_way] for group in groups]
    return next((group for group in (*reached, *reversed(groups)) if group), [])


def has_way() -> Exists:
    """Whether a person, the outer row, has an address that works now."""
    return Exists(ContactMethod.objects.usable().filter(user=OuterRef("pk")))
