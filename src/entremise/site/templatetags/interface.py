"""Small things templates cannot say by themselves."""

from __future__ import annotations

from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm, BoundField

register = template.Library()


@register.filter
def first_input(field: BoundField) -> str:
    """The id a link of the error summary leads to: the input, or the first choice of a group."""
    return f"{field.auto_id}_0" if field.use_fieldset else str(field.id_for_label)


@register.filter
def mistakes(form: BaseForm) -> list[dict[str, Any]]:
    """Every error of a form in the order of its fields: `href` (empty for the form's own) and `text`."""
    found = [{"href": "", "text": text} for text in form.non_field_errors()]
    for field in form:
        found += [{"href": f"#{first_input(field)}", "text": text} for text in field.errors]
    return found


@register.filter
def is_single_box(field: BoundField) -> bool:
    """A lone checkbox is a whole clickable row of its own."""
    return getattr(field.field.widget, "input_type", "") == "checkbox" and not field.use_fieldset


@register.filter
def limit(field: BoundField) -> int | None:
    """How many signs a long text may hold, for the sentence under it; nothing for the other fields."""
    is_long = getattr(field.field.widget, "template_name", "").endswith("textarea.html")
    return getattr(field.field, "max_length", None) if is_long else None


@register.filter
def window(page: Page[Any]) -> list[int | None]:
    """Numbers to show around the current page; None stands for those left out."""
    return [
        n if isinstance(n, int) else None for n in page.paginator.get_elided_page_range(page.number, on_each_side=1)
    ]
