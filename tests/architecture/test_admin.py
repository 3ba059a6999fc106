"""No page of the administration writes past a command, and none is open unless it says for whom (A67, A68)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib import admin

from accounts.permissions import named
from core.admin_base import CommandForm, ConfigAdmin, PortalAdmin, ReadOnlyAdmin
from core.models import AuditEntry
from portal import admin_look
from tests.architecture.source import ROOT

PAGES = sorted(admin.site._registry.values(), key=lambda page: page.opts.label_lower)
every = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.opts.label_lower)


@every
def test_a_page_says_who_may_open_it(page: Any) -> None:
    """Closed by default: an admin without a row of the table of rights fails here, and shows nothing (A67)."""
    assert isinstance(page, PortalAdmin)
    assert page.sees is not None, "it names no right that opens it"
    assert named(page.sees).columns


def test_a_page_that_says_nothing_is_closed_to_everybody(rf: Any) -> None:
    page = ConfigAdmin(AuditEntry, admin.site)
    request = rf.get("/admin/")
    for right in ("module", "view", "add", "change", "delete"):
        assert not getattr(page, f"has_{right}_permission")(request), right


@every
def test_no_page_writes_past_the_commands(page: Any) -> None:
    """Saving and deleting are those of the base, which call commands or refuse; no cell of a list is typed into."""
    kind = ConfigAdmin if isinstance(page, ConfigAdmin) else ReadOnlyAdmin
    assert isinstance(page, kind)
    for name in (
        *("save_model", "save_form", "save_related", "save_formset", "delete_model", "delete_queryset", "written"),
        *("log_addition", "log_change", "log_deletions", "history_view", "get_deleted_objects", "delete_view"),
        *("lookup_allowed", "to_field_allowed", "changelist_view"),
    ):
        if hasattr(kind, name):
            assert getattr(type(page), name) is getattr(kind, name), f"{name} is its own"
    assert not page.list_editable
    assert not page.save_as
    assert all(inline.can_delete is False and not inline.extra for inline in page.inlines)


@every
def test_what_may_be_edited_has_its_command(page: Any) -> None:
    rights = {"command_create": "creates", "command_edit": "edits", "command_delete": "deletes"}
    for command, right in rights.items():
        if getattr(page, right, None) is not None:
            assert getattr(type(page), command) is not getattr(ConfigAdmin, command), f"{right} without {command}"
    if not isinstance(page, ConfigAdmin):
        assert not {"edits", "creates", "deletes"} & set(vars(type(page)))
        assert not [name for name in vars(type(page)) if re.fullmatch(r"has_(add|change|delete)_permission", name)]


def test_djangos_own_form_of_saving_is_never_reached() -> None:
    """The last check of the form is the command; its `save` would write the row by itself."""
    assert "save" not in vars(CommandForm)
    with pytest.raises(Exception, match="past the commands"):
        PortalAdmin(AuditEntry, admin.site).save_model(None, None, None, False)  # type: ignore[arg-type]


def test_the_administration_has_the_products_colours() -> None:
    tokens = (ROOT / "static/css/tokens.css").read_text(encoding="utf-8")
    colours = {*admin_look.BASE.values(), *admin_look.PRIMARY.values(), *admin_look.FONT.values()}
    assert not [colour for colour in colours if colour not in tokens]
    own = (ROOT / "static/admin_look/portal.css").read_text(encoding="utf-8")
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl|oklch", own)


@every
def test_a_list_reads_its_related_rows_at_once(page: Any) -> None:
    """P7: a column that is another row is joined, not asked for row by row."""
    related = {field.name for field in page.opts.get_fields() if field.many_to_one or field.one_to_one}
    shown = related & set(page.list_display)
    joined = set(page.list_select_related or ()) if page.list_select_related is not True else shown
    assert shown <= joined, shown - joined
