"""How an administrator reaches a success of each operation: what is sent, and what has to be done before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

from PIL import Image

from core import clock, worker
from incidents.commands import timeline
from incidents.models import SavedView
from integrations.commands import inbound
from notifications.commands import contact_methods
from notifications.models import Verification
from oncall.models import Page
from tests import world as builders
from tests.flows.security_doors import BODIES, filled
from tests.flows.security_scene import Ids, Scene, session_of


def _picture() -> bytes:
    """The smallest picture."""
    stored = BytesIO()
    Image.new("RGB", (1, 1)).save(stored, "PNG")
    return stored.getvalue()


# What must have been done before, with the operations themselves.
BEFORE: Mapping[str, tuple[str, ...]] = {
    "incidents_undo_acknowledge": ("incidents_acknowledge",),
    "incidents_undo_resolve": ("incidents_resolve",),
    "incidents_reopen": ("incidents_resolve",),
    "incidents_close": ("incidents_resolve",),
    "incidents_identify": ("incidents_acknowledge",),
    "incidents_mitigate": ("incidents_acknowledge",),
    "incidents_relapse": ("incidents_acknowledge", "incidents_mitigate"),
    "pages_explain": ("pages_decline",),
    "users_reactivate": ("users_deactivate",),
    "services_restore": ("services_archive",),
    "heartbeats_resume": ("heartbeats_pause",),
    "webhooks_pause": ("webhooks_resume",),
    "webhooks_replay": ("webhooks_resume",),
    "webhooks_delivery_replay": ("webhooks_resume",),
}
# What is sent where it is not what `doors_bodies.json` has for a refusal of rights.
SENT: Mapping[str, dict[str, Any]] = {
    "me_set_password": {"current": builders.PASSWORD, "password": "another long one 77"},
    "providers_configure": {"enabled": False, "settings": {}},
    "contact_methods_subscribe": {
        "endpoint": "http://127.0.0.1:9/push",
        "keys": {"p256dh": "BGsX0fLhLEJH-Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU",
                 "auth": "MDEyMzQ1Njc4OWFiY2RlZg"},
    },
    "attachments_add": {"files": _picture(), "text": "The curve"},
    "event_rules_edit": {"name": "Disks and more", "urgency": "low"},
}  # fmt: skip
# Rows of another kind than the sweeps need.
ROWS: Mapping[str, str] = {
    "services_archive": "unused",
    "services_restore": "unused",
    "teams_delete": "empty",
    "contact_methods_verify": "unproven",
    "contact_methods_send_code": "unproven",
}


def own_rows(scene: Scene) -> Ids:
    """The scene's ids, with rows of Ada's own where only an owner may: she is paged for an incident of hers."""
    ada = scene.world.ada
    mine, unproven = builders.method(ada), builders.method(ada, address="ada2@example.org", verified=False)
    code = contact_methods.digest(unproven.pk, "123456")
    later = clock.now() + timedelta(minutes=5)
    Verification.objects.create(method=unproven, digest=code, expires_at=later, sent_at=clock.now(), tries=0)
    builders.token(ada)
    view = SavedView.objects.create(name="Mine", query="state:open", user=ada)
    return {
        **scene.ids,
        "contact-methods": str(mine.pk),
        "unproven": str(unproven.pk),
        "notification-rules": str(builders.rule(ada, mine).pk),
        "pages": str(_page(scene).pk),
        "tokens": str(ada.api_tokens.latest("pk").pk),
        "incident-views": str(view.pk),
        "timeline": str(timeline.note(builders.acts(ada), scene.open, text="The disk is full").pk),
        "sessions": str(session_of(ada).pk),
        "empty": str(builders.team("Empty").pk),
    }


def _page(scene: Scene) -> Page:
    world = scene.world
    ladder = builders.policy("Administrators", world.payments, [world.ada], [world.cy])
    own = builders.service("Billing", world.payments, policy=ladder)
    inbound.send_test(builders.acts(world.ana), own, summary="Billing is down", severity="critical")
    worker.drain()
    return Page.objects.get(user=world.ada)


def body_of(operation: str, method: str, path: str, ids: Ids) -> dict[str, Any] | None:
    """What to send to an operation; None where it takes nothing."""
    if operation in SENT:
        return SENT[operation]
    given = PLACES.get((method.upper(), path))
    return None if given is None else dict(filled(given, ids))


def _place(key: str) -> tuple[str, str]:
    """`PATCH /api/v1/teams/<int:pk>/` as the description writes it."""
    method, _, route = key.partition(" ")
    return method, re.sub(r"<(?:\w+:)?(\w+)>", lambda part: "{" + ("id" if part[1] == "pk" else part[1]) + "}", route)


PLACES = {_place(key): body for key, body in BODIES.items()}
