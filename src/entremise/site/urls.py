from django.urls import include, path

from entremise.accounts.urls import entrance
from entremise.accounts.web import switch_role
from entremise.exchange.api import api
from entremise.site import web

routes, app_name, namespace = api.urls
for route in routes:
    route.callback.login_required = False  # type: ignore[union-attr]  # the API asks for its own keys

urlpatterns = [
    path("", web.home, name="home"),
    path("guide-de-style/", web.style_guide, name="styleguide"),
    path("accessibilite/", web.accessibility, name="accessibility"),
    path("mentions-legales/", web.page, {"template": "legal_notice.html"}, name="legal_notice"),
    path("donnees-personnelles/", web.page, {"template": "personal_data.html"}, name="personal_data"),
    path("danger/", web.page, {"template": "danger.html"}, name="danger"),
    path("signaler/", web.report_access, name="report_access"),
    path("administration/signalements/", web.access_reports, name="access_reports"),
    path("administration/signalements/<slug:public_id>/regler/", web.close_access_report, name="close_access_report"),
    path("langue/", web.set_language, name="set_language"),
    path("theme.css", web.theme_sheet, name="theme_sheet"),
    path("logo.svg", web.logo, name="logo"),
    path("api/v1/", (routes, app_name, namespace)),
    path("", include("entremise.mutualaid.urls")),
    path("", include("entremise.outreach.urls")),
    path("", include("entremise.people.urls")),
    path("", include("entremise.referrals.urls")),
    path("", include("entremise.registers.urls")),
    path("", include("entremise.rules.urls")),
    path("", include("entremise.territories.urls")),
    path("", include("entremise.vault.urls")),
    path("comptes/", include("entremise.accounts.urls")),
    path("comptes/", include(entrance)),
    path("demo/role/", switch_role, name="demo_role"),
]
handler400 = "entremise.site.web.bad_request"
handler403 = "entremise.site.web.permission_denied"
handler404 = "entremise.site.web.page_not_found"
handler500 = "entremise.site.web.server_error"
handler429 = "entremise.site.web.too_many_requests"
