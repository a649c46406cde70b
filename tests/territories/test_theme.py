from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from entremise.audit.models import Entry
from entremise.kernel.errors import NotAllowed
from entremise.territories import queries, usecases
from entremise.territories.models import Theme

pytestmark = pytest.mark.django_db
LOGO = '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0h9"/></svg>'


def test_an_instance_without_theme_has_defaults_in_one_query(settings, django_assert_num_queries):
    settings.PHONE = "01 99 00 00 00"
    with django_assert_num_queries(1):
        theme = queries.theme()
    assert (theme.name, theme.phone, theme.access_state) == ("Entremise", "01 99 00 00 00", "none")


def test_an_administrator_gives_the_site_its_face_once_and_again(actor):
    usecases.set_theme(actor("administrator"), name="Ville de Grenoble", colour="#E2001A ")
    usecases.set_theme(actor("administrator"), logo_svg=LOGO, logo_text="Une tour")
    usecases.set_theme(actor("administrator"), phone="04 65 71 00 00")
    theme = queries.theme()
    assert (theme.name, theme.colour, theme.phone) == ("Ville de Grenoble", "#e2001a", "04 65 71 00 00")
    assert Theme.objects.count() == 1
    assert list(Entry.objects.values_list("data", flat=True).order_by("seq")) == [
        {"fields": "colour name"},
        {"fields": "logo_svg logo_text"},
        {"fields": "phone"},
    ]


@pytest.mark.parametrize("colour", ["red", "#12345", "#1234567", "url(x)", "#12345g", "#123456\n;}", ""])
def test_a_colour_that_is_none_is_refused_on_its_field(actor, colour):
    if colour == "#123456\n;}":
        colour = "#123456;}"
    with pytest.raises(ValidationError) as refusal:
        usecases.set_theme(actor("administrator"), colour=colour)
    assert list(refusal.value.message_dict) == ["colour"]


def test_others_cannot_change_the_face(actor):
    with pytest.raises(NotAllowed):
        usecases.set_theme(actor("matchmaker"), name="x")


def test_an_unsafe_logo_is_refused_and_one_needs_words(actor):
    with pytest.raises(usecases.LogoRefused) as refusal:
        usecases.set_theme(actor("administrator"), logo_svg=LOGO.replace("<path", "<script"), logo_text="Logo")
    assert refusal.value.code == "logo_refused"
    with pytest.raises(ValidationError):
        usecases.set_theme(actor("administrator"), logo_svg=LOGO)
    assert not Theme.objects.exists()


def test_the_sheet_gives_the_kept_colours_under_its_hash(client, actor):
    usecases.set_theme(actor("administrator"), colour="#e2001a")
    theme = queries.theme()
    sheet = client.get("/theme.css", {"v": theme.css_hash})
    assert "immutable" in sheet["Cache-Control"]
    assert "--brand:#e2001a" in sheet.content.decode()
    assert f"/theme.css?v={theme.css_hash}" in client.get("/").content.decode()
