"""Wiring of the whole: nothing here but who fills which slot."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Fills the shell's sidebar."""

    name = "portal"

    def ready(self) -> None:
        """Called once, when every room is loaded."""
        from core.web import errors, finding, navigation
        from portal.finding import pages_holding
        from portal.navigation import SECTIONS, duty
        from portal.people import who_grants

        finding.register_finder(finding.Finder("Pages", pages_holding, 10))
        navigation.fill(SECTIONS, duty)
        errors.granted_by(who_grants)
