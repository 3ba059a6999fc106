"""What people type about an incident survives the end of their session (design 8)."""

from __future__ import annotations

import pytest

from core.web import held
from core.web.forms import PortalForm
from incidents.forms import incidents, timeline, views

FORMS = sorted(
    {each for room in (incidents, timeline, views) for each in vars(room).values() if isinstance(each, type)},
    key=lambda form: form.__name__,
)


@pytest.mark.parametrize("form", [each for each in FORMS if issubclass(each, PortalForm)])
def test_no_field_keeps_a_form_out_of_what_waits_for_the_sign_in(form: type[PortalForm]) -> None:
    """Names that speak of secrets do; the sentence that resolves an incident is none."""
    assert [name for name in form.base_fields if held.KEEP_OUT.search(name)] == []
