from django.urls import path

from entremise.rules import web

app_name = "rules"
urlpatterns = [
    path("regles/", web.reader, name="reader"),
    path("regles/en-vigueur.jsonld", web.in_force, name="in_force"),
    path("regles/reglages/", web.settings, name="settings"),
    path("regles/prolonger/", web.prolong, name="prolong"),
    path("regles/qui-pourrait/", web.explorer, name="explorer"),
]
