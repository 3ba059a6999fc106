"""Wiring of the room: loads every provider, the purposes, the jobs and the handler of the due queue."""

from importlib import import_module
from pkgutil import iter_modules

from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    """Addresses, providers and deliveries."""

    name = "notifications"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Notifications"

    def ready(self) -> None:
        """Register what this room brings; a provider is one file in `providers/`."""
        from notifications import providers

        for module in iter_modules(providers.__path__):
            import_module(f"notifications.providers.{module.name}")
        for name in ("purposes", "due", "jobs", "reactions"):
            import_module(f"notifications.{name}")
        from accounts.kinds import on_sign_out
        from core.config import nouns
        from core.web import held
        from notifications import config
        from notifications.views import device

        nouns.after("people", config.give_addresses)
        on_sign_out(device.leave)
        held.name_act("method_code", "Send the code again")
        held.name_act("method_test", "Send the test page")
