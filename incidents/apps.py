"""Wiring of the room."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Registers how people stand to incidents, what oncall pages for, and who reacts to what."""

    name = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill the registries of the lower rooms."""
        from accounts.permissions import relation
        from incidents import due, reactions  # noqa: F401 (register themselves)
        from incidents.commands.subject import SUBJECT
        from incidents.queries.access import stands_on_incident
        from oncall.kinds import register_subject

        relation(stands_on_incident)
        register_subject(SUBJECT)
