"""Telling somebody by mail what happened to the account: by which entry of the audit, and by which browser.

The audit holds when, from which address, by whom and to which factor; the mail says so. Its sentences stand in
`accounts/jobs.py`.
"""

from __future__ import annotations

from core import audit
from core.jobs import enqueue
from core.models import AuditEntry


def tell(kind: str, person: int | str, entry: AuditEntry | None = None) -> None:
    """Leave a mail of this kind to the bulk lane; `person` is empty for a name that nobody has, at equal cost (A38)."""
    enqueue("accounts.security_mail", f"{kind}:{person}:{entry.pk if entry else ''}:{audit.device()}")
