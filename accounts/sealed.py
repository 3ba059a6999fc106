"""Where this room keeps sealed texts, for a change of the field keys (A98)."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator

from accounts.models import Invitation
from core import resealing
from core.resealing import Reseal


def register() -> None:
    """Tokens of invitations that wait for their mail, and the seeds of second factors."""
    resealing.sealed_in(Invitation, "sealed")
    resealing.sealed_in(Authenticator, "data", _seeds)


def _seeds(data: dict[str, Any], reseal: Reseal) -> dict[str, Any]:
    """An app's secret, or the seed of recovery codes; a passkey holds nothing sealed."""
    found = dict(data)
    for name in ("secret", "seed"):
        if name in found:
            found[name] = reseal(found[name])
    return found
