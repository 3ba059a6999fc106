"""Browsers that receive pages: a subscription is made by the browser itself, and may change under way."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from accounts.actors import Actor
from accounts.models import User
from accounts.permissions import require
from core import audit, clock
from core.facts import record
from core.text import clean_line
from notifications.commands import contact_methods
from notifications.facts import ContactMethodVerified
from notifications.kinds import provider_of
from notifications.models import ContactMethod
from notifications.permissions import CONTACT_EDIT

PUSH = "webpush"


@transaction.atomic
def subscribe(
    actor: Actor, user: User, *, endpoint: str, keys: Mapping[str, str], former: str = "", label: str = ""
) -> ContactMethod:
    """Let a browser receive pages; raises Invalid.

    A browser that is known already, by this endpoint or by its `former` one, stays the same address: the rules that
    name it and its name are kept, and it works again where it was broken (F67).
    """
    require(actor, CONTACT_EDIT, ContactMethod(user=user))
    carrier = provider_of(PUSH)
    contact_methods.ready_for_use(carrier)
    address, secrets = carrier.clean_address(clean_line(endpoint, 500, "address")), carrier.clean_secrets(keys)
    mine = ContactMethod.objects.filter(user=user, provider=PUSH)
    known = mine.filter(address=address).first() or (former and mine.filter(address=former).first())
    if not known:
        named = {"provider": PUSH, "address": address, "label": label, "secrets_given": keys}
        return contact_methods.add(actor, user, **named)  # type: ignore[arg-type]  # a mapping of both kinds
    known.address, known.secrets, known.verified_at = address, secrets, clock.now()
    known.broken_at, known.broken_reason = None, ""
    known.save(update_fields=["address", "secrets", "verified_at", "broken_at", "broken_reason"])
    record(ContactMethodVerified(known.pk, user.pk, PUSH))
    audit.write(actor, "contact_method.renew", f"contact_method:{known.pk}", after={"address": known.masked})
    return known
