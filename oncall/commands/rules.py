"""Verbs of notification rules: when and by which address a person is told of a page (DET-10)."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, transaction

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import require
from core import audit
from core.db import locked
from core.errors import Conflict
from notifications.models import ContactMethod
from oncall import permissions
from oncall.commands import shapes
from oncall.models import NotificationRule
from oncall.queries.reach import default_ways, verified_methods

URGENCIES = ("high", "low")
MOST_RULES, LONGEST_DELAY = 20, 120


@transaction.atomic
def add(actor: Actor, user: User, *, urgency: str, delay_minutes: int, method_id: int) -> NotificationRule:
    """Add a rule of one's own; the address must be verified and one's own (A43, A58). Raises Conflict for a repeat.

    The first one for an urgency would end the default: what that does becomes rules of one's own with it, so that
    nothing stops unasked (O29).
    """
    require(actor, permissions.RULE_EDIT, user)
    locked(User.objects.filter(pk=user.pk)).get()
    rule = NotificationRule(
        user=user,
        urgency=shapes.choice(urgency, "urgency", URGENCIES),
        delay_minutes=shapes.number(delay_minutes, "delay_minutes", 0, LONGEST_DELAY),
        method_id=method_id,
    )
    methods = verified_methods(user.pk)
    if method_id not in {method.pk for method in methods}:
        raise shapes.wrong("method", "You have no verified address of that number.")
    own = user.notification_rules.filter(urgency=urgency).count()
    kept = [] if own else _defaults(rule, methods)
    if own + len(kept) >= MOST_RULES:
        raise shapes.wrong("urgency", f"There can be {MOST_RULES} rules at most.")
    try:
        with transaction.atomic():
            for each in (*kept, rule):
                each.save()
    except IntegrityError as error:
        raise Conflict("There is such a rule already.", code="taken") from error
    for each in (*kept, rule):
        audit.write(actor, "rule.add", f"user:{user.pk}", after=_document(each))
    return rule


def _defaults(first: NotificationRule, methods: Collection[ContactMethod]) -> list[NotificationRule]:
    """The default of this person as rules, without the one that the first own rule is itself."""
    found = [
        NotificationRule(
            user=first.user, urgency=first.urgency, delay_minutes=way.delay_minutes, method_id=way.method.pk
        )
        for way in default_ways(methods)
    ]
    return [each for each in found if (each.delay_minutes, each.method_id) != (first.delay_minutes, first.method_id)]


@transaction.atomic
def remove(actor: Actor, rule: NotificationRule) -> None:
    """Remove a rule of one's own; without any rule the default applies: at once by mail and push."""
    require(actor, permissions.RULE_EDIT, rule)
    before, key = _document(rule), f"user:{rule.user_id}"
    rule.delete()
    audit.write(actor, "rule.remove", key, before=before)


@transaction.atomic
def reset(actor: Actor, user: User) -> None:
    """Go back to the default for both urgencies: at once by mail and push (defaults.md)."""
    require(actor, permissions.RULE_EDIT, user)
    removed = user.notification_rules.count()
    user.notification_rules.all().delete()
    audit.write(actor, "rule.reset", f"user:{user.pk}", before={"rules": removed})


def _document(rule: NotificationRule) -> dict[str, object]:
    return {"urgency": rule.urgency, "delay_minutes": rule.delay_minutes, "method": rule.method_id}
