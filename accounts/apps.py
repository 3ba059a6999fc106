"""Wiring of the room."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, teams, tokens, sign-in, actors and permissions."""

    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "People"

    def ready(self) -> None:
        """Tell `core` who asks, and the runner what to print until an administrator exists."""
        from accounts import access, permissions
        from accounts.greeting import set_up_link
        from core.startup import on_start
        from core.web import access as registry

        registry.fill(actor_of=access.actor_of, socket_actor=access.socket_actor, require=permissions.require)
        on_start(set_up_link)
