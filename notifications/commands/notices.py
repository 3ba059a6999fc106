"""Short notices to people about their own matters; not pages, and never held to be answered."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from notifications.commands.deliveries import queue
from notifications.messages import Message
from notifications.models import ContactMethod, Delivery


@transaction.atomic
def tell(user: User, *, key: str, message: Message, without: int | None = None) -> Delivery | None:
    """Called down: tell a person by mail, else by the first proven address, once per `key`; None if there is no way.

    Nothing follows where it fails, so an address that was refused is used only where no other one is left. `without`
    leaves out one address, such as the one that is broken.
    """
    ways = ContactMethod.objects.filter(user=user, verified_at__isnull=False).defer("secrets")
    ways = ways.exclude(pk=without) if without is not None else ways
    way = min(ways, key=lambda method: (method.doubt, method.provider != "email", method.pk), default=None)
    if way is None:
        return None
    return queue(
        key=f"notice:{key}:{user.pk}",
        purpose="notice",
        purpose_key=key[:120],
        method=way,
        message=message,
        rank=5,
        first=False,
    )
