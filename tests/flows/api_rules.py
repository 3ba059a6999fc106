"""What the portal may refuse although it is formed as the description says: rules that no JSON Schema can say."""

from __future__ import annotations

import re

from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.openapi.checks import RejectedPositiveData

NOBODY = r"There is no such (person|schedule)\.|.* (is a stakeholder|has been deactivated) and cannot be paged\."
ADDRESS = r"This address (is not allowed\..*|must not have a fragment\.)|This is not an address\."
UNFIT = r".* (is required|holds characters that are not allowed, or is too long)\."
FILES = r"“.*” (cannot be attached|is not text in UTF-8)\. .*|The submitted file is empty\."
PASSWORD = r"This password is too (short\. .*|common\.)|The password is too similar to .*\."
PATHS = r"must be a (path such as|list of) .*|is not one of .*|This field may not be null\.|Is not a number .*"
FUTURE = r"Must not be in the future\."
NUMBER = r"Enter one number with its country code, such as .*\."
# The operations, the field and the sentence, as patterns; braces stand for themselves.
RULES: tuple[tuple[str, str, str], ...] = (
    ("GET .*", "cursor", r"Is not a cursor of this list\."),
    ("GET .*", "since|until|created_(after|before)", r"Must be a time that exists\."),
    ("(POST|PATCH|PUT) .*", "version", r"Differs from If-Match\."),
    # a search is a language of its own
    (
        "GET /incidents/|POST /incidents/export/|(POST|PATCH) /incident-views/.*",
        "q|query",
        r"“.*” (is one too many: search for \d+ words at most|is not known\. Use .*|is no time\. Use .*)\.?"
        r"|(“.*:” has no value: write .*|“..” holds no word|The quotation mark of “.*” is not closed)\."
        r"|There is no .* called “.*”\..*",
    ),
    # what is named must be there and be of the right kind
    ("POST /incidents/{number}/split/", "alerts", r"Not alerts of this incident\.|Leave at least one\."),
    ("(POST|PATCH) /services/({id}/)?", "needs", r"There is no such service\.|Services cannot need each other .*\."),
    ("(POST|PATCH) /schedules/.*", "members", NOBODY),
    ("(POST|PATCH) /policies/.*", "levels|fallback", NOBODY + r"|Level \d+( needs from 1|: there is no such) .*\."),
    ("(POST|PATCH) /webhooks/.*", "services", r"There is no such service\.|.* is not a service of this .* team\."),
    ("POST /incidents/(bulk|{number}/reassign)/", "user", r"Exactly one of the two\.|This person cannot answer .*\."),
    ("(POST|PATCH) /(services|schedules|policies|teams)/.*", "name", r"This name is taken\."),
    ("PATCH /priorities/{id}/", "name", r"Must be a name that no other priority has\."),
    ("(POST|PATCH) /incident-views/.*", "name", r"You have a view called “.*” already\."),
    ("POST /invitations/", "team", r"Leave it empty for a stakeholder\."),
    ("PATCH /event-rules/{id}/", "service", r"Cannot be changed\."),
    # times
    ("POST /incidents/{number}/snooze/", "until", r"Must be in the future, seven days at most\."),
    (
        "(POST|PATCH) /incidents/{number}/(timeline|attachments)/.*",
        "occurred_at",
        f"{FUTURE}|A message has the time .*",
    ),
    ("POST /incidents/{number}/milestones/", "at", FUTURE + r"|“.*” cannot be before “.*”\."),
    ("POST /changes/", "started_at", FUTURE),
    ("POST /tokens/", "expires_at", r"Choose a time in the future\."),
    ("(POST|PATCH) /schedules/.*", "anchor", r"There is no such day or time\."),
    # what depends on another field, or on how it stands
    ("(POST|PATCH) /event-rules/.*", "priority", r"A rule must set a priority or an urgency, or be informational\."),
    ("(POST|PATCH) /event-rules/.*", "value", r"Must not be empty\.|This pattern cannot be used: .*\."),
    ("PUT /services/{id}/grouping/", "by", r"Name 1 to 10 fields\."),
    ("POST /incidents/{number}/reopen/", "reason", r"Must not be empty\."),
    # what only a look at the value tells
    ("POST /(changes/|services/{id}/event-rules/try/)", "details", r"Is not a number that can be stored\."),
    (
        "POST /(users|me/password)/",
        "password",
        PASSWORD,
    ),
    ("POST /me/password/", "current", r"This is not your present password\."),
    ("POST /incidents/{number}/attachments/", "files", FILES),
    ("POST /contact-methods/", "address", f"{ADDRESS}|{NUMBER}" + r"|Enter one address, .*|This is not .* topic\."),
    ("POST /contact-methods/", "secrets", UNFIT),
    ("POST /notification-rules/", "method", r"You have no verified address of that number\."),
    ("POST /contact-methods/", "provider", r".* is not set up here\."),
    ("PUT /contact-methods/subscription/", "endpoint", ADDRESS),
    ("PUT /contact-methods/subscription/", "keys", UNFIT + r"|Not a push key\."),
    ("PUT /providers/{provider}/", "settings", f"{ADDRESS}|{UNFIT}|{NUMBER}" + r"|Letters and digits only\."),
    ("(POST|PATCH) /webhooks/.*", "url", ADDRESS),
    ("POST /services/{id}/keys/|PATCH /keys/{id}/", "paths", PATHS),
)


def is_a_rule(failure: BaseException, answer: Response) -> bool:
    """Whether a well-formed request was refused by a rule of the table, and by nothing else."""
    if not isinstance(failure, RejectedPositiveData) or not isinstance(failure, Failure):
        return False
    fields = answer.json().get("fields") or {}
    where = str(failure.operation).replace("/api/v1", "")
    return bool(fields) and all(_known(where, place, sentence) for place, said in fields.items() for sentence in said)


def _known(operation: str, place: str, sentence: str) -> bool:
    found = (operation, place.partition(".")[0], sentence)
    return any(all(map(_fits, rule, found)) for rule in RULES)


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern.replace("{", r"\{").replace("}", r"\}"), text, re.DOTALL) is not None
