"""Wiring of the room."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    """The mechanics; the last of our rooms to get ready."""

    name = "core"
    verbose_name = "Engine"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fit django-q2 to our rules, load every room's handlers, readers and jobs, and the system checks."""
        from core import audit_watch, auditor, checks, jobs, retention  # noqa: F401 (they register themselves)

        jobs.harden()
        autodiscover_modules("due", "reactions", "jobs")
