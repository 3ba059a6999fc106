"""One spelling for an e-mail address, so that no variant of it counts as another person (A10, A37)."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from core.errors import Invalid

LIMIT = 254
_PLAIN = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]+", re.ASCII)


def normal(text: str) -> str:
    """The address as it is stored and counted: compatibility forms folded, lower case, no blanks, no marks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign) not in {"Cf", "Cc"})


def clean(text: str, field: str = "email") -> str:
    """The normal form of one well-formed ASCII address; raises Invalid for lists, display names and look-alikes."""
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        address = ""
    if len(address) > LIMIT or not _PLAIN.fullmatch(address):
        raise Invalid("That is not an e-mail address.", fields={field: ["Enter one address, like ana@example.org."]})
    return address
