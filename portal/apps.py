"""Wiring of the whole: nothing here but who fills which slot."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Fills the shell's sidebar."""

    name = "portal"

    def ready(self) -> None:
        """Called once, when every room is loaded."""
        from core.web import navigation
        from portal.navigation import SECTIONS

        navigation.fill(SECTIONS)
