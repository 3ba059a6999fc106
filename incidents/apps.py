"""Wiring of the room."""

from datetime import timedelta

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Registers how people stand to incidents, what oncall pages for, live topics, time-outs and reactions."""

    name = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill the registries of the lower rooms."""
        from accounts.permissions import relation
        from core import live
        from incidents import consumers, due, jobs, reactions  # noqa: F401 (register themselves)
        from incidents.commands.subject import SUBJECT
        from incidents.queries import health, standing  # noqa: F401 (health registers the auditor's checks)
        from incidents.queries.access import stands_on_incident
        from oncall import kinds

        relation(stands_on_incident)
        kinds.register_subject(SUBJECT)
        kinds.register_standings(standing.standings)
        kinds.register_service_tab(kinds.ServiceTab("rules", "Rules", 10, standing.may_see_rules))
        kinds.register_service_panel(kinds.ServicePanel("incidents/rules/_changes.html", standing.recent_changes))
        live.register_topic(consumers.IncidentTopic())
        live.register_topic(consumers.NowTopic(), keep=timedelta(days=1))  # boards are fetched whole
        live.register_path("ws/incidents/<int:number>/", consumers.incident_topic)
        live.register_path("ws/now/", consumers.now_topic)
