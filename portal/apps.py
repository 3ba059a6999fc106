"""Wiring of the whole: nothing here but who fills which slot."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Fills the shell's sidebar, the palette's pages, and what the console says of a demo."""

    name = "portal"

    def ready(self) -> None:
        """Called once, when every room is loaded."""
        from core.startup import on_start
        from core.web import errors, finding, navigation
        from portal.finding import pages_holding
        from portal.navigation import SECTIONS, duty
        from portal.people import who_may

        finding.register_finder(finding.Finder("Pages", pages_holding, 10))
        navigation.fill(SECTIONS, duty)
        errors.granted_by(who_may)
        on_start(_of_the_demo)


def _of_the_demo() -> list[str]:
    """How to sign in, where what starts is the demo; its modules are loaded by the runner alone."""
    from portal.demo.card import greeting

    return greeting()
