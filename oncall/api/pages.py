"""One's own pages and notification rules."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import require
from core.api.base import ApiView, ListView, SignedIn
from core.api.filters import choice
from core.errors import Missing
from oncall import permissions
from oncall.api import inputs, shapes
from oncall.commands import pages, reasons, rules
from oncall.queries.escalations import my_pages, page_seen_by
from oncall.queries.services import rule_seen_by, rules_seen_by
from oncall.states import PAGE


class Pages(ListView):
    """The pages that were sent to oneself."""

    permission_classes = [SignedIn]
    filters = {"state": choice("state", PAGE.states(), "Pages in this state.")}

    @extend_schema(operation_id="pages_list", responses=shapes.PageShape(many=True))
    def get(self, request: Request) -> Response:
        """List one's own pages, newest first."""
        return self.page(my_pages(self.actor), shapes.PageShape)


class Page(ApiView):
    """One of one's own pages."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="pages_see", responses=shapes.PageShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a page."""
        return Response(shapes.PageShape(page_seen_by(self.actor, pk)).data)

    def _answer(self, pk: int, sentence: str) -> Response:
        return Response(shapes.AnswerShape({"sentence": sentence, "page": page_seen_by(self.actor, pk)}).data)


class AcceptPage(Page):
    """Accepting a page."""

    http_method_names = ["post"]

    @extend_schema(operation_id="pages_accept", request=None, responses=shapes.AnswerShape)
    def post(self, request: Request, pk: int) -> Response:
        """Accept a page: its incident is acknowledged."""
        return self._answer(pk, pages.accept(self.actor, page_seen_by(self.actor, pk), via=self.actor.via))


class DeclinePage(Page):
    """Declining a page."""

    http_method_names = ["post"]

    @extend_schema(operation_id="pages_decline", request=inputs.DeclineInput, responses=shapes.AnswerShape)
    def post(self, request: Request, pk: int) -> Response:
        """Decline a page: the next level is asked when everybody on this one has declined."""
        reason = self.parse(inputs.DeclineInput)["reason"]
        page = page_seen_by(self.actor, pk)
        return self._answer(pk, pages.decline(self.actor, page, via=self.actor.via, reason=reason))


class ExplainPage(Page):
    """Saying why one has declined."""

    http_method_names = ["post"]

    @extend_schema(operation_id="pages_explain", request=inputs.DeclinedInput, responses=shapes.AnswerShape)
    def post(self, request: Request, pk: int) -> Response:
        """Give the reason of a page that was declined without one."""
        reason = self.parse(inputs.DeclinedInput)["reason"]
        return self._answer(pk, reasons.explain(self.actor, page_seen_by(self.actor, pk), reason=reason))


class EscalatePage(Page):
    """Sending a page on."""

    http_method_names = ["post"]

    @extend_schema(operation_id="pages_escalate", request=None, responses=shapes.AnswerShape)
    def post(self, request: Request, pk: int) -> Response:
        """Page the next level at once."""
        return self._answer(pk, pages.escalate(self.actor, page_seen_by(self.actor, pk), via=self.actor.via))


class Rules(ListView):
    """One's own notification rules; without any, the default is mail and push at once."""

    permission_classes = [SignedIn]
    refusals = {404}
    orderings = {"soonest": ("urgency", "delay_minutes", "pk")}
    filters = {"urgency": choice("urgency", rules.URGENCIES, "Rules for pages of this urgency.")}

    @extend_schema(operation_id="notification_rules_list", responses=shapes.RuleShape(many=True))
    def get(self, request: Request) -> Response:
        """List one's own rules."""
        return self.page(rules_seen_by(self.actor), shapes.RuleShape)

    @extend_schema(
        operation_id="notification_rules_create", request=inputs.RuleInput, responses={201: shapes.RuleShape}
    )
    def post(self, request: Request) -> Response:
        """Add a rule; only in a signed-in browser, never with a token.

        The first one for an urgency makes the default (mail and push at once) rules of one's own beside it.
        """
        require(self.actor, permissions.RULE_EDIT, self.actor.user)
        if self.actor.user is None:
            raise Missing("Nobody is signed in.")
        given = self.parse(inputs.RuleInput)
        made = rules.add(self.actor, self.actor.user, method_id=given.pop("method"), **given)
        return Response(shapes.RuleShape(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="notification_rules_reset", responses={204: None})
    def delete(self, request: Request) -> Response:
        """Go back to the default; only in a signed-in browser, never with a token."""
        require(self.actor, permissions.RULE_EDIT, self.actor.user)
        if self.actor.user is not None:
            rules.reset(self.actor, self.actor.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Rule(ApiView):
    """One of one's own notification rules."""

    permission_classes = [SignedIn]

    @extend_schema(operation_id="notification_rules_see", responses=shapes.RuleShape)
    def get(self, request: Request, pk: int) -> Response:
        """See a rule."""
        return Response(shapes.RuleShape(rule_seen_by(self.actor, pk)).data)

    @extend_schema(operation_id="notification_rules_delete", responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove a rule; only in a signed-in browser, never with a token."""
        rules.remove(self.actor, rule_seen_by(self.actor, pk))
        return Response(status=status.HTTP_204_NO_CONTENT)
