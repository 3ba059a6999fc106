"""Wiring of the room."""

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Registers how people stand to incidents."""

    name = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill the registries of the lower rooms."""
        from accounts.permissions import relation
        from incidents.queries.access import stands_on_incident

        relation(stands_on_incident)
