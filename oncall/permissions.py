"""The room's rows of the permission matrix (security.md, 3.4)."""

from accounts.permissions import PERSON, STAFF, permission

_EDITORS = ("MG", "PO", "AD")

SERVICE_SEE = permission("service.see", STAFF, "see services", scope="read")
SERVICE_EDIT = permission("service.edit", _EDITORS, "change services of this team")
POLICY_SEE = permission("policy.see", STAFF, "see escalation policies", scope="read")
POLICY_EDIT = permission("policy.edit", _EDITORS, "change escalation policies of this team")
SCHEDULE_SEE = permission("schedule.see", STAFF, "see schedules", scope="read")
SCHEDULE_EDIT = permission("schedule.edit", _EDITORS, "change schedules of this team")
CROSS_TEAM = permission("oncall.cross_team", ("PO", "AD"), "have people and things of other teams paged")
ON_CALL_SEE = permission("on_call.see", ("ST", *STAFF), "see who is on call", scope="read")
PAGE_SEE = permission("page.see", ("OW", "AD"), "see other people's pages", scope="read")
PAGE_ANSWER = permission("page.answer", ("OW",), "answer a page that was sent to somebody else")
RULE_SEE = permission("rule.see", ("OW", "AD"), "see other people's notification rules", scope="read")
RULE_EDIT = permission("rule.edit", ("OW",), "change notification rules here", scope=PERSON)
