"""Rights of the room: rows of the one table (accounts/permissions.py, security.md 3.4)."""

from __future__ import annotations

from accounts.permissions import permission

KEY_SEE = permission("key.see", ("RE", "MG", "PO", "AD"), "see this service's integration keys", scope="read")
KEY_EDIT = permission("key.edit", ("MG", "PO", "AD"), "issue, rotate or revoke integration keys", scope="write")
HEARTBEAT_SEE = permission("heartbeat.see", ("RE", "RX", "IN", "MG", "PO", "AD"), "see heartbeats", scope="read")
HEARTBEAT_EDIT = permission("heartbeat.edit", ("MG", "PO", "AD"), "change this service's heartbeats")
INBOUND_SEE = permission("inbound.see", ("RE", "MG", "PO", "AD"), "read this service's inbound log", scope="read")
EVENT_TEST = permission("event.test", ("RE", "MG", "PO", "AD"), "send a test event to this service")
WEBHOOK_SEE = permission("webhook.see", ("MG", "PO", "AD"), "see this webhook", scope="read")
WEBHOOK_EDIT = permission("webhook.edit", ("MG", "PO", "AD"), "define, send by or replay this webhook")
