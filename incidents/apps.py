"""Wiring of the room."""

from datetime import timedelta

from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    """Registers how people stand to incidents, what oncall pages for, live topics, time-outs and reactions."""

    name = "incidents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill the registries of the lower rooms."""
        from accounts.kinds import register_audited
        from accounts.permissions import relation
        from core import live
        from core.config import nouns
        from core.web import access
        from core.web.finding import Finder, register_finder
        from incidents import config, consumers, due, jobs, reactions  # noqa: F401 (register themselves)
        from incidents.commands import slashes  # noqa: F401 (registers the composer's commands)
        from incidents.commands.subject import SUBJECT
        from incidents.kinds import BoardPanel, register_board_panel
        from incidents.queries import health, service_page, standing  # noqa: F401 (health registers the auditor's checks)
        from incidents.queries.access import sees_still, stands_on_incident
        from incidents.queries.audited import audited
        from incidents.queries.finding import incidents_holding
        from incidents.views import panels
        from notifications.queries.lately import silence_of
        from oncall import kinds

        register_audited(audited)
        for noun in (config.PrioritiesNoun(), config.EventRulesNoun(), config.GroupingNoun()):
            nouns.register(noun)
        register_finder(Finder("Incidents", incidents_holding, 40, prefix="#"))
        relation(stands_on_incident)
        access.sight(sees_still)
        kinds.register_subject(SUBJECT)
        register_board_panel(BoardPanel("notifications/methods/_silence.html", silence_of))
        kinds.register_standings(standing.standings)
        kinds.register_service_tab(kinds.ServiceTab("rules", "Rules", 10, standing.may_see_rules))
        for template, read, order in (
            ("incidents/services/_days.html", service_page.trouble_of, 10),
            ("incidents/rules/_changes.html", standing.recent_changes, 60),
            ("incidents/services/_last.html", service_page.last_incidents, 70),
        ):
            kinds.register_service_panel(kinds.ServicePanel(template, read, order))
        kinds.register_pulses(service_page.pulses)
        kinds.register_rules(service_page.rules_of_service)
        panels.register()
        live.register_topic(consumers.IncidentTopic())
        live.register_topic(consumers.NowTopic(), keep=timedelta(days=1))  # boards are fetched whole
        live.register_path("ws/incidents/<int:number>/", consumers.incident_topic)
        live.register_path("ws/now/", consumers.now_topic)
