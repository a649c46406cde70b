from django.urls import path

from entremise.rules import web

app_name = "rules"
urlpatterns = [
    path("regles/", web.reader, name="reader"),
    path("regles/qui-pourrait/", web.explorer, name="explorer"),
]
