"""Rows of the table of rights that belong to this room; the providers' settings are in `accounts.permissions`."""

from __future__ import annotations

from accounts.permissions import PERSON, PROVIDER_EDIT, STAFF, permission

CONTACT_SEE = permission("contact.see", ["OW"], "see this person's addresses", scope="read")
CONTACT_EDIT = permission("contact.edit", ["OW"], "change this person's addresses here", scope=PERSON)
DELIVERY_SEE = permission("delivery.see", ["OW", "MG", "AD"], "see this message", scope="read")
PROVIDER_SEE = permission("provider.see", ["ST", *STAFF], "see the providers", scope="read")

__all__ = ["CONTACT_EDIT", "CONTACT_SEE", "DELIVERY_SEE", "PROVIDER_EDIT", "PROVIDER_SEE"]
