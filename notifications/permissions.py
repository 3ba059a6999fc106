"""Rows of the table of rights that belong to this room."""

from __future__ import annotations

from accounts.permissions import permission

EVERYBODY = ("OW",)

CONTACT_SEE = permission("contact.see", EVERYBODY, "see this person's addresses", scope="read")
CONTACT_EDIT = permission("contact.edit", EVERYBODY, "change this person's addresses")
DELIVERY_SEE = permission("delivery.see", ("OW", "MG", "AD"), "see this message", scope="read")
DELIVERY_SEND = permission("delivery.send", (), "send messages")
PROVIDER_SEE = permission("provider.see", ("RE", "RX", "IN", "MG", "PO", "AD", "ST"), "see the providers", scope="read")
PROVIDER_EDIT = permission("provider.edit", ("AD",), "change the providers' settings", scope="admin")
