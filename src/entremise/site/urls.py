from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView

from entremise.exchange.api import api

routes, app_name, namespace = api.urls
for route in routes:
    route.callback.login_required = False  # type: ignore[union-attr]  # the API asks for its own keys

urlpatterns = [
    path("", login_not_required(TemplateView.as_view(template_name="home.html")), name="home"),
    path(
        "guide-de-style/", login_not_required(TemplateView.as_view(template_name="styleguide.html")), name="styleguide"
    ),
    path("api/v1/", (routes, app_name, namespace)),
    path("comptes/", include("allauth.urls")),
]
