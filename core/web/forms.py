"""The form that pages build on: the design's look, refusals beside their fields, the first error focused (design 4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast

from django import forms

from core import spans
from core.errors import Conflict, Invalid, PortalError, TooMany

T = TypeVar("T")
LARGEST = 2**31 - 1
LOOKS = {
    "text": "input",
    "email": "input",
    "url": "input",
    "tel": "input",
    "number": "input",
    "password": "input",
    "datetime-local": "input",
    "select": "select",
    "selectmultiple": "select",
    "textarea": "textarea",
}


class PortalForm(forms.Form):
    """A form that remembers with which status its page is answered, and keeps what was typed.

    `expected` names the fields that may be empty in a rare case alone, and are not called optional.
    """

    expected: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.status = 200
        for field in self.fields.values():
            dress(field.widget)

    def refuse(self, error: PortalError | None = None) -> None:
        """Put a command's refusal beside the fields that it names, else above the form; then focus the first."""
        for name, sentences in (error.fields if error else {}).items():
            self.add_error(name if name in self.fields else None, sentences)
        if error is not None and not error.fields:
            self.add_error(None, " ".join(filter(None, [error.detail, error.hint])))
        self.status = error.status if error else 400
        self.focus()

    def focus(self) -> None:
        """Let the browser begin at the first field that is wrong."""
        for name, field in self.fields.items():
            if name in self.errors and not field.widget.is_hidden:
                field.widget.attrs["autofocus"] = True
                return

    def keep(self, name: str, value: Any) -> None:
        """Replace one value of what was sent; everything else stays as it was typed."""
        sent_values: Any = self.data
        self.data = sent_values.copy()
        cast(Any, self.data)[name] = str(value)


class VersionedForm(PortalForm):
    """A form that says which version of the thing it was opened on (S51, F45)."""

    version = forms.IntegerField(min_value=0, max_value=LARGEST, required=False, widget=forms.HiddenInput)

    def seen(self) -> int | None:
        """The version that the person saw; None where the form came without."""
        found: int | None = self.cleaned_data.get("version")
        return found

    def renew(self, version: int, stored: Mapping[str, Any]) -> None:
        """After a stale save: keep what was typed, show what is stored now, and let the next save replace it."""
        self.keep("version", version)
        for name, field in self.fields.items():
            if name in stored and name != "version" and field.has_changed(stored[name], self._sent(name)):
                self.add_error(name, f"Stored meanwhile: {_said(field, stored[name])}")
        self.focus()

    def _sent(self, name: str) -> Any:
        field = self.fields[name]
        return field.widget.value_from_datadict(self.data, self.files, self.add_prefix(name))


def _said(field: forms.Field, value: Any) -> str:
    """A stored value as a person reads it."""
    if isinstance(field, forms.MultipleChoiceField):
        names = dict(_flat(field.choices))
        return ", ".join(names.get(str(each), str(each)) for each in value) or "nothing"
    if isinstance(field, forms.ChoiceField):
        return dict(_flat(field.choices)).get(str(value), str(value)) or "nothing"
    return "nothing" if value in (None, "") else str(field.prepare_value(value))


def _flat(choices: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for value, label in choices:
        found += _flat(label) if isinstance(label, (list, tuple)) else [(str(value), str(label))]
    return found


def dress(widget: forms.Widget) -> None:
    """Give a widget the class of the design, unless it has one."""
    kind = getattr(widget, "input_type", type(widget).__name__.lower())
    if kind in LOOKS:
        widget.attrs.setdefault("class", LOOKS[kind])


def sent(
    form: PortalForm, act: Callable[[], T], fresh: Callable[[], tuple[int, Mapping[str, Any]]] | None = None
) -> T | None:
    """What the command returned; None where the form must be shown again with its refusal.

    `fresh` returns the present version and values for a VersionedForm that came too late.
    """
    if not form.is_valid():
        form.refuse()
        return None
    try:
        return act()
    except (Invalid, Conflict, TooMany) as error:
        form.refuse(error)
        if error.code == "stale" and fresh is not None and isinstance(form, VersionedForm):
            form.renew(*fresh())
        return None


def line(label: str, limit: int, help_text: str = "", *, required: bool = True, **attrs: Any) -> forms.CharField:
    """One line of text."""
    widget = forms.TextInput(attrs=_attrs(attrs))
    return forms.CharField(label=label, max_length=limit, help_text=help_text, required=required, widget=widget)


def text(label: str, limit: int, help_text: str = "", *, required: bool = False, **attrs: Any) -> forms.CharField:
    """Several lines of text."""
    widget = forms.Textarea(attrs={"rows": 3, **_attrs(attrs)})
    return forms.CharField(label=label, max_length=limit, help_text=help_text, required=required, widget=widget)


def whole(label: str, low: int, high: int, help_text: str = "", *, required: bool = True) -> forms.IntegerField:
    """A whole number between two bounds."""
    return forms.IntegerField(
        label=label, min_value=low, max_value=high, help_text=help_text, required=required, widget=_number()
    )


class SpanField(forms.Field):
    """A length of time, typed and shown with its unit: `5 min`, `1 h`, `90 s`; stored as a count of `unit` seconds."""

    def __init__(self, *, low: int, high: int, unit: int = 1, **more: Any) -> None:
        super().__init__(**more)
        self.low, self.high, self.unit = low, high, unit

    def prepare_value(self, value: Any) -> Any:
        """What is stored as a person reads it; what was typed stays as it is."""
        return spans.said(value * self.unit) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        """The stored count; refused is what has no unit, since minutes are as likely to be meant, and parts of one."""
        if value in self.empty_values:
            return None
        try:
            seconds = spans.read(str(value))
        except ValueError as error:
            raise forms.ValidationError(f"Write a number and its unit, such as {self._such_as()}.") from error
        if seconds % self.unit:
            raise forms.ValidationError(f"Must be whole minutes, such as {self._such_as()}.")
        return seconds // self.unit

    def validate(self, value: Any) -> None:
        """Between the two bounds, both allowed."""
        super().validate(value)
        if value is not None and not self.low <= value <= self.high:
            low, high = (spans.said(each * self.unit) for each in (self.low, self.high))
            raise forms.ValidationError(f"Must be from {low} to {high}.")

    def _such_as(self) -> str:
        return "5 min, 1 h or 90 s" if self.unit == 1 else "5 min, 1 h or 2 d"


def length(label: str, low: int, high: int, help_text: str = "", *, required: bool = True, unit: int = 1) -> SpanField:
    """A length of time between two bounds, which count seconds, or minutes where `unit` is 60."""
    widget = forms.TextInput(attrs={"maxlength": spans.LONGEST, "autocomplete": "off"})
    return SpanField(low=low, high=high, unit=unit, label=label, help_text=help_text, required=required, widget=widget)


def _number() -> forms.NumberInput:
    return forms.NumberInput(attrs={"inputmode": "numeric"})


def choice(
    label: str,
    choices: Sequence[tuple[Any, Any]] | Callable[[], Any] = (),
    help_text: str = "",
    *,
    required: bool = True,
) -> forms.ChoiceField:
    """One of several, drawn as a select."""
    return forms.ChoiceField(label=label, choices=choices, help_text=help_text, required=required)


def offer(form: forms.Form, name: str, choices: Sequence[tuple[Any, Any]]) -> None:
    """Fill in the choices of a field that depend on who asks."""
    field: Any = form.fields[name]
    field.choices = choices


def _attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    return {name.replace("_", "-"): value for name, value in attrs.items()}
