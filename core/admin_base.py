"""What every page of the administration is made of: opened by a right, changed through commands alone (A60, A68).

Whatever says nothing is closed: an admin without `sees` shows nothing, one without `edits` changes nothing, and
Django's own saving and deleting is never reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NoReturn

from django import forms
from django.contrib import messages
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.utils import unquote
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.db import models, transaction
from django.forms.models import construct_instance
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from unfold.admin import ModelAdmin

from core import admin_words, audit_words
from core.admin_lists import BoundedList, BoundedPaginator, check_query, is_listed
from core.errors import Conflict, Invalid, PortalError
from core.web.access import actor_of, require

MOST = 500  # rows that one action takes at once
SHOWN = 10  # of the refused ones in a report


def may(request: HttpRequest, row: Any, thing: Any = None) -> bool:
    """Whether the person may, by a row of the table of rights; no row is no."""
    if row is None:
        return False
    try:
        require(actor_of(request), row, thing)
    except PortalError:
        return False
    return True


class PortalAdmin(ModelAdmin):
    """Shows rows to those who have the right `sees`; changes nothing.

    `audit_noun` is what the audit calls such a thing ("service" for service:3); its history is told from there.
    `labels` names fields whose own name says too little; `tells` shows one by what it means, such as a team's name.
    """

    sees: Any = None
    audit_noun = ""
    labels: ClassVar[Mapping[str, str]] = {}
    tells: ClassVar[Mapping[str, Callable[[Any], Any]]] = {}
    paginator = BoundedPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 0
    list_filter_submit = False
    object_history_template = "admin/thing_history.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever has the right to see such things."""
        return may(request, self.sees)

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever has the right to see this thing."""
        return may(request, self.sees, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody, unless a kind says otherwise."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody, unless a kind says otherwise."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Nobody, unless a kind says otherwise."""
        return False

    # --- lists ------------------------------------------------------------------------------------
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        """The list; a refused action leaves everything as it was and says why."""
        check_query(request)
        if self.sees is not None and not self.has_view_permission(request):
            require(actor_of(request), self.sees)
        try:
            answer: HttpResponseBase = super().changelist_view(request, extra_context)
            return answer
        except (Invalid, Conflict) as refused:
            messages.error(request, said(refused))
            return HttpResponseRedirect(request.get_full_path())
        except DisallowedModelAdminLookup as unknown:  # which Django would log as an error: nothing here is broken
            raise Invalid("This list has no such filter.", hint="Open the list anew from the menu.") from unknown

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[BoundedList]:
        """The list with its bounds."""
        return BoundedList

    def cell(self, name: str) -> Callable[[Any], Any] | None:
        """What shows this field in words; the same one each time, since Django compares them."""
        kept: dict[str, Any] = self.__dict__.setdefault("_cells", {})
        if name not in kept:
            own = hasattr(self, name) or name == "__str__"
            kept[name] = None if own else admin_words.cell(self.model, name, self.labels, self.tells)
        return kept[name]  # type: ignore[no-any-return]

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        """The columns, in words."""
        return admin_words.swapped(super().get_list_display(request), self.cell)

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> list[Any]:
        """The columns that lead to the thing."""
        return admin_words.swapped(super().get_list_display_links(request, list_display) or (), self.cell)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is only looked at, under its name and as what shows it in words."""
        plain = super().get_readonly_fields(request, obj)
        return [*plain, *admin_words.swapped(plain, self.cell)]

    def get_fieldsets(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        """The fields of a page: what cannot be changed on it is shown in words."""
        looked_at = None if obj is not None and not self.has_change_permission(request, obj) else self.readonly_fields
        found = super().get_fieldsets(request, obj)
        return [(title, {**rest, "fields": self._in_words(rest["fields"], looked_at)}) for title, rest in found]

    def _in_words(self, names: Any, looked_at: Any) -> list[Any]:
        """`looked_at` are the names that are only looked at; None for all."""
        return [
            admin_words.swapped([name], self.cell)[0] if looked_at is None or name in looked_at else name
            for name in names
        ]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the list offers as a filter: no other field answers, be it of this row or of another (A13, A65)."""
        return is_listed(lookup, self.list_filter)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """A thing is found by its number alone."""
        return bool(to_field == self.opts.pk.name)

    def each(
        self,
        request: HttpRequest,
        chosen: models.QuerySet[Any],
        command: Callable[[Any, Any], Any],
        done: str = "Done.",
    ) -> None:
        """Do it to all that were chosen, each through its command, or to none; raises Conflict with a report (A61)."""
        rows = list(chosen[: MOST + 1])
        if len(rows) > MOST:
            raise Invalid(f"At most {MOST} at once.", hint="Choose fewer.")
        if request.POST.get("select_across") != "1" and len(rows) != len(set(request.POST.getlist("_selected_action"))):
            raise Conflict("Some of what you chose is not there any more, so nothing was changed.")
        refused: list[str] = []
        with transaction.atomic():
            for row in rows:
                try:
                    with transaction.atomic():
                        command(actor_of(request), row)
                except PortalError as error:
                    refused.append(f"{row}: {said(error)}")
            if refused:
                more = f" And {len(refused) - SHOWN} more." if len(refused) > SHOWN else ""
                raise Conflict(f"Nothing was changed. {' '.join(refused[:SHOWN])}{more}")
        messages.success(request, f"{done} ({len(rows)})" if len(rows) > 1 else done)

    # --- forms ------------------------------------------------------------------------------------
    def formfield_for_dbfield(self, db_field: models.Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """No windows that add or change another thing in passing: each has its own page with its own rights."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in self.labels:
            field.label = self.labels[db_field.name]
        for name in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, name):
                setattr(field.widget, name, False)
        return field

    # --- history ----------------------------------------------------------------------------------
    def audit_keys(self, thing: Any) -> list[str]:
        """The keys under which the audit knows the thing."""
        return [f"{self.audit_noun}:{thing.pk}"] if self.audit_noun else []

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """Who changed the thing, when and from where, before and after: from our audit, not from Django's log (A93)."""
        thing = self.get_object(request, unquote(object_id))
        if thing is None:
            gone: HttpResponseBase = self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
            return gone
        if not self.has_view_permission(request, thing):
            raise PermissionDenied
        page = audit_words.page(self.audit_keys(thing), request.GET.get("before", ""))
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {thing}",
            "opts": self.opts,
            "object": thing,
            "original": thing,
            "page": page,
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        return self._rendered(request, context)

    def _rendered(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
        return audit_words.rendered(request, self.object_history_template, context)

    # --- never ------------------------------------------------------------------------------------
    def log_addition(self, *_args: Any) -> None:
        """The audit tells; Django's own log stays empty."""

    log_change = log_deletions = log_addition

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Never: nothing is saved past a command."""
        never(self)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Never."""
        never(self)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Never."""
        never(self)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Never."""
        never(self)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Never."""
        never(self)


class ReadOnlyAdmin(PortalAdmin):
    """Live things and the engine's: looked at here, changed by the actions that call their commands."""


class CommandForm(forms.ModelForm[Any]):
    """A form whose last check is the command itself: what it refuses stands beside the field, the typed text stays."""

    door: ConfigAdmin
    request: HttpRequest
    saved: Any = None

    @property
    def opened_version(self) -> str:
        """The version that the person has looked at: sent along, so that a stale form is refused (A59)."""
        return str(self.data.get("opened_version", "") if self.is_bound else getattr(self.instance, "version", ""))

    def is_valid(self) -> bool:
        """Carry the command out once all fields are sound; raises what no field can mend (Forbidden, Missing)."""
        if not super().is_valid():
            return False
        if self.saved is None:
            try:
                with transaction.atomic():
                    self.saved = self.door.written(self.request, self)
            except (Invalid, Conflict) as refused:
                self._show(refused)
        return not self.errors

    def _post_clean(self) -> None:
        """The model's rules for each field; what is taken or does not fit together is the command's to say."""
        self.instance = construct_instance(self, self.instance, self._meta.fields, self._meta.exclude)
        try:
            left_out = self._get_validation_exclusions()  # type: ignore[attr-defined]
            self.instance.full_clean(exclude=left_out, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            self._update_errors(error)  # type: ignore[attr-defined]

    def _show(self, refused: PortalError) -> None:
        fields = refused.fields
        if not fields and refused.code == "taken":
            fields = {self.door.taken: [refused.detail]}
        for name, sentences in fields.items():
            for sentence in sentences:
                self.add_error(name if name in self.fields else None, sentence)
        if not fields:
            self.add_error(None, said(refused))


class ConfigAdmin(PortalAdmin):
    """A noun that is set up: edited by those who have the right `edits`, through its commands.

    `creates` and `deletes` are rights too; without them nothing is made or deleted here. `taken` is the field beside
    which a command's word of a name that somebody else has is shown.
    """

    edits: Any = None
    creates: Any = None
    deletes: Any = None
    taken = "name"
    change_form_before_template = "admin/opened_version.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Whoever has the right to make one."""
        return may(request, self.creates)

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever has the right to edit this one."""
        return may(request, self.edits, obj)

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Whoever has the right to delete this one."""
        return may(request, self.deletes, obj)

    def command_create(self, actor: Any, given: dict[str, Any]) -> Any:
        """Make one from the form's values; returns it."""
        never(self)

    def command_edit(self, actor: Any, stored: Any, given: dict[str, Any], version: int | None) -> Any:
        """Change the stored one to the form's values; `version` is what the person has looked at. Returns it."""
        never(self)

    def command_delete(self, actor: Any, thing: Any) -> Any:
        """Delete one."""
        never(self)

    def get_form(
        self, request: HttpRequest, obj: Any | None = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm[Any]]:
        """The kind's own form, with the command as its last check."""
        base = kwargs.pop("form", self.form)
        held: dict[str, Any] = {"door": self, "request": request, "__module__": base.__module__}
        bound = type(base.__name__, (CommandForm, base), held)
        made: type[forms.ModelForm[Any]] = super().get_form(request, obj, change=change, form=bound, **kwargs)
        return made

    def written(self, request: HttpRequest, form: CommandForm) -> Any:
        """What the command made of a sound form."""
        given = dict(form.cleaned_data)
        if form.instance._state.adding:  # noqa: SLF001 (the one sign that holds for every kind of key)
            return self.command_create(actor_of(request), given)
        stored = self.get_queryset(request).get(pk=form.instance.pk)
        return self.command_edit(actor_of(request), stored, given, version_of(form.opened_version))

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """The thing that the command has written."""
        return form.saved

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing: the command has written the row."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the command has written all parts."""

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The question before deleting; a refusal is said on the same page."""
        try:
            answer: HttpResponseBase = super().delete_view(request, object_id, extra_context)
            return answer
        except (Invalid, Conflict) as refused:
            messages.error(request, said(refused))
            return HttpResponseRedirect(request.get_full_path())

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The chosen things alone: what hangs on them is the command's to refuse, and may be private (A68, S34)."""
        rows = list(objs)
        lacking = {str(self.opts.verbose_name) for row in rows if not self.has_delete_permission(request, row)}
        return [str(row) for row in rows], {str(self.opts.verbose_name_plural): len(rows)}, lacking, []

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Through the command."""
        self.command_delete(actor_of(request), obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        """All or none, each through the command."""
        self.each(request, queryset, self.command_delete)


def version_of(text: str) -> int | None:
    """The version that a form names, None where it names none; raises Invalid."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Invalid("This form is not whole.", hint="Reload the page and type it anew.")
    return int(text)


def unchanged(given: Mapping[str, Any], stored: Any, name: str = "team") -> dict[str, Any]:
    """The values without a thing that stays the same: only a move asks for rights where it goes."""
    same = given.get(name) is not None and given[name].pk == getattr(stored, f"{name}_id")
    return {key: value for key, value in given.items() if not (same and key == name)}


def said(refused: PortalError) -> str:
    """A refusal in one line: what is wrong, and what to do."""
    return f"{refused.detail} {refused.hint}".strip()


def never(admin: Any) -> NoReturn:
    """What is reached only by a mistake of ours: better an error than a row written past its command."""
    raise ImproperlyConfigured(f"{type(admin).__name__} would write past the commands")
