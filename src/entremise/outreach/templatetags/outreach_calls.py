"""How the call screen says numbers."""

from __future__ import annotations

from django import template

from entremise.people.engine import phone

register = template.Library()


@register.filter
def aloud(number: str) -> str:
    """A number as it is read aloud: two digits at a time for a French one."""
    return phone.readable(number) if number else ""


@register.filter
def numbers(text: str) -> list[str]:
    """« 15,18 » as a list."""
    return text.split(",")
