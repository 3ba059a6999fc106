"""What was done, as the audit tells it: `webhook.rotate` of webhook:1 is "Webhook “Chat” — secret rotated"."""

from __future__ import annotations

#: What a thing is called before its name; other nouns are their own words.
NOUNS = {
    "audit": "The audit",
    "contact_method": "Address",
    "due": "Due row",
    "event_rule": "Event rule",
    "grouping": "Grouping",
    "identity": "Identity at the provider",
    "incidents": "The list of incidents",
    "key": "Integration key",
    "organisation": "The organisation",
    "policy": "Escalation policy",
    "token": "API token",
    "user": "Person",
    "view": "Saved view",
}
#: What was done to it; a word that is not here stands as it is.
ACTS = {
    "accept": "accepted",
    "add": "added",
    "archive": "archived",
    "bind": "bound to a person",
    "change_role": "role changed",
    "configure": "settings changed",
    "create": "created",
    "deactivate": "deactivated",
    "delete": "deleted",
    "dismiss": "dismissed",
    "edit": "changed",
    "end": "ended",
    "end_others": "all others ended",
    "export": "taken away as a file",
    "give": "given to it",
    "issue": "issued",
    "join": "somebody joined or got another role",
    "leave": "somebody left or was taken out",
    "make_codes": "recovery codes made",
    "pause": "paused",
    "reactivate": "reactivated",
    "remove": "removed",
    "removed": "removed",
    "rename": "renamed",
    "renew": "renewed",
    "replay": "a message sent again",
    "replay_failed": "what had failed sent again",
    "resend": "sent again",
    "reset": "reset",
    "restore": "restored",
    "resume": "resumed",
    "revoke": "revoked",
    "rotate": "secret rotated",
    "send": "sent",
    "set_password": "password set",
    "test": "tested",
    "try_again": "tried again",
    "unbind": "unbound",
    "verify": "proven",
}
#: What a verb's noun is called where the thing is another one: `rule.reset` of a person.
PARTS = {"factor": "second factor", "own_alarms": "the portal's own alarms", "rule": "notification rules"}


def noun(thing: str) -> str:
    """What the thing of an entry is called: `webhook:1` is a "Webhook"."""
    word = thing.partition(":")[0]
    return NOUNS.get(word) or word.replace("_", " ").capitalize()


def act(verb: str, thing: str) -> str:
    """What was done to the thing: `user.change_role` is "role changed", `rule.reset` "notification rules reset"."""
    of, dot, word = verb.rpartition(".")
    done = ACTS.get(word) or word.replace("_", " ")
    if not dot or of == thing.partition(":")[0] or word == "make_codes":
        return done
    part = PARTS.get(of) or of.replace("_", " ")
    return done if of in ("due", "audit") else f"{part} {done}"
