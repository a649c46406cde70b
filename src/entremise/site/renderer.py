"""How Django draws our forms: label, hint, error, input (interface reference § 7)."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class Renderer(TemplatesSetting):
    """`{{ form }}` draws all the fields, `{{ form.postcode.as_field_group }}` one of them."""

    form_template_name = "components/form.html"
    field_template_name = "components/field.html"
