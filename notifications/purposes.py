"""The purposes of this room itself: the code that proves an address, the test, the notice."""

from __future__ import annotations

from core import clock
from notifications.kinds import Purpose, register_purpose
from notifications.models import Delivery, Verification


def _code_wanted(delivery: Delivery) -> bool:
    """A code is sent while it is the latest one and still good (A43)."""
    pk, _, stamp = delivery.purpose_key.partition(":")
    found = Verification.objects.filter(method_id=int(pk), expires_at__gt=clock.now()).first()
    return found is not None and f"{found.sent_at.timestamp():.0f}" == stamp


VERIFY = register_purpose(Purpose("verify", still_wanted=_code_wanted))
TEST = register_purpose(Purpose("test", tries=1))
NOTICE = register_purpose(Purpose("notice", tries=12))
