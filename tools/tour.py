"""Every page that a person can open, as addresses to be filled in: for pictures, and for the tests that visit all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A page by its address, whose names in braces are filled in; `public` ones are visited before the sign-in."""

    path: str
    public: bool = False


VERBS = (
    "/incidents/{waiting}/acknowledge/",
    "/incidents/{waiting}/decline/",
    "/incidents/{waiting}/reassign/",
    "/incidents/{incident}/undo-acknowledge/",
    "/incidents/{incident}/escalate/",
    "/incidents/{incident}/snooze/",
    "/incidents/{incident}/priority/",
    "/incidents/{incident}/identify/",
    "/incidents/{incident}/mitigate/",
    "/incidents/{incident}/relapse/",
    "/incidents/{incident}/resolve/",
    "/incidents/{incident}/cancel/",
    "/incidents/{resolved}/undo-resolve/",
    "/incidents/{resolved}/reopen/",
    "/incidents/{resolved}/close/",
)
INCIDENTS = (
    "/incidents/",
    "/incidents/?q=nothing+is+called+like+this",
    "/incidents/?q=priority%3Anone+colour%3Ared",
    "/incidents/new/",
    "/incidents/several/?do=acknowledge&number={waiting}&number={resolved}",
    "/incidents/several/?do=resolve&number={incident}",
    "/incidents/several/?do=reassign&number={incident}&number={waiting}",
    "/incidents/views/new/?q=state%3Aopen",
    "/incidents/views/{view}/",
    "/incidents/views/{view}/delete/",
    "/incidents/{incident}/",
    "/incidents/{waiting}/",
    "/incidents/{resolved}/",
    *VERBS,
    "/incidents/{incident}/triage/",
    "/incidents/{incident}/notes/",
    "/incidents/{incident}/panels/changes/",
    "/incidents/{incident}/panels/related/",
    "/incidents/{incident}/panels/graph/",
    "/incidents/{incident}/known/",
    "/incidents/{incident}/milestones/",
    "/incidents/{incident}/entries/{entry}/",
)
SERVICES = (
    "/services/",
    "/services/new/",
    "/services/{service}/",
    "/services/{service}/edit/",
    "/services/{service}/archive/",
    "/services/{service}/restore/",
    "/services/{service}/intake/",
    "/services/{service}/try/",
    "/services/{service}/rules/",
    "/services/{service}/rules/new/",
    "/services/{service}/heartbeats/{heartbeat}/shown/",
    "/services/{service}/heartbeats/{heartbeat}/edit/",
    "/services/{service}/heartbeats/{heartbeat}/delete/",
    "/keys/{key}/shown/",
    "/keys/{key}/edit/",
    "/keys/{key}/rotate/",
    "/keys/{key}/revoke/",
    "/inbound/",
    "/inbound/{inbound}/",
    "/rules/",
    "/rules/new/",
    "/rules/{rule}/",
    "/rules/{rule}/delete/",
    "/webhooks/",
    "/webhooks/new/",
    "/webhooks/{webhook}/",
    "/webhooks/{webhook}/edit/",
    "/webhooks/{webhook}/shown/",
    "/webhooks/{webhook}/rotate/",
    "/webhooks/{webhook}/resume/",
    "/webhooks/{webhook}/replay/",
    "/webhooks/{webhook}/delete/",
    "/webhooks/{webhook}/deliveries/{event}/",
)
WATCHES = (
    "/policies/",
    "/policies/new/",
    "/policies/{policy}/",
    "/policies/{policy}/edit/",
    "/policies/{policy}/delete/",
    "/schedules/",
    "/schedules/new/",
    "/schedules/{schedule}/",
    "/schedules/{schedule}/edit/",
    "/schedules/{schedule}/delete/",
)
PEOPLE = (
    "/organisation/",
    "/audit/",
    "/people/",
    "/people/invite/",
    "/people/invitations/{invitation}/revoke/",
    "/people/{person}/",
    "/teams/",
    "/teams/new/",
    "/teams/{team}/",
    "/teams/{team}/edit/",
    "/teams/{team}/delete/",
    "/teams/{team}/members/{member}/remove/",
    "/profile/",
    "/profile/contact-methods/",
    "/profile/contact-methods/add/email/",
    "/profile/contact-methods/add/webhook/",
    "/profile/contact-methods/{method}/",
    "/profile/contact-methods/{method}/remove/",
    "/profile/rules/",
    "/profile/rules/reset/",
    "/profile/rules/{own_rule}/remove/",
    "/people/{person}/reset-factors/",
    "/profile/security/",
    "/profile/security/enrol/",
    "/profile/security/prove/",
    "/profile/security/app/",
    "/profile/security/passkey/",
    "/profile/security/codes/",
    "/profile/security/sessions/others/",
    "/profile/security/sessions/{session}/end/",
    "/profile/tokens/",
    "/profile/tokens/{token}/revoke/",
    "/deliveries/",
    "/deliveries/{delivery}/",
    "/accounts/password/change/",
    "/accounts/logout/",
)
HELP = ("/first-steps/", "/help/", "/keys/", "/styleguide/", "/api/v1/docs/", "/nowhere/at/all/")
PUBLIC = (
    "/accounts/login/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/1-no-such-key/",
    "/accounts/password/reset/key/done/",
    "/answer/{answer}/",
    "/answer/no-such-page/",
    "/setup/no-such-link/",
    "/invitation/no-such-link/",
    "/offline/",
    "/offline/answer/",
    "/nowhere/without/a/name/",
)
PLACES = (
    *(Place(path) for path in ("/now/", *INCIDENTS, *SERVICES, *WATCHES, *PEOPLE, *HELP)),
    *(Place(path, public=True) for path in PUBLIC),
)

#: What answers GET and is no page of its own, with the reason.
LEFT_OUT: Mapping[str, str] = {
    "": "leads on to /now/ or to the sign-in",
    "accounts/oidc/": "leads on to the identity provider, where one is named: test_sso.py",
    "accounts/oidc/callback/": "where the identity provider leads back to: test_sso.py",
    "healthz": "for machines",
    "healthz/engine": "for machines",
    "metrics": "for machines",
    "sw.js": "the worker's code",
    "manifest.webmanifest": "for browsers",
    "find/": "the palette's answers: visited with the palette open",
    "styleguide/late/": "the region that the page of components loads late",
    "now/regions/": "parts of /now/",
    "incidents/<int:number>/regions/": "parts of the incident page",
    "incidents/<int:number>/feed/": "frames for a browser without sockets",
    "incidents/<int:number>/attachments/<slug:file>/": "a file",
    "accounts/second-step/": "between password and session: test_sign_in.py",
    "accounts/passkey/": "the challenge, for the script",
    "profile/security/factors/<int:pk>/": "needs a passkey: test_sign_in.py",
    "profile/security/factors/<int:pk>/remove/": "needs a passkey and a proof: test_sign_in.py",
    "send-again/": "holds a form only after a session has ended: test_send_again.py",
}


def open_places(*, public: bool) -> list[str]:
    """The addresses of the public pages, or of those behind the sign-in."""
    return [place.path for place in PLACES if place.public == public]
