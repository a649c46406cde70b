from __future__ import annotations

from django.urls import path

from entremise.territories import web

app_name = "territories"
urlpatterns = [
    path("territoires/communes/", web.commune_suggestions, name="commune_suggestions"),
]
