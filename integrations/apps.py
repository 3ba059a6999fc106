"""Wiring of the room."""

import pkgutil
from importlib import import_module

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    """Foreign formats: integration keys, event adapters, heartbeats, the log of what came in."""

    name = "integrations"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Integrations"

    def ready(self) -> None:
        """Load the due kinds and jobs, and every file of `adapters/`: a new adapter is its file and its test."""
        for module in ("integrations.permissions", "integrations.due", "integrations.jobs"):
            import_module(module)
        adapters = import_module("integrations.adapters")
        for found in pkgutil.iter_modules(adapters.__path__):
            import_module(f"integrations.adapters.{found.name}")
