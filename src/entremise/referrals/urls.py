from django.urls import path

from entremise.referrals.web import directory

app_name = "referrals"
urlpatterns = [
    path("annuaire/", directory.search, name="search"),
    path("annuaire/services/<slug:public_id>/", directory.service_page, name="service"),
    path("annuaire/services/<slug:public_id>/<slug:deed>/", directory.service_deed, name="service_deed"),
    path("annuaire/imports/", directory.import_list, name="imports"),
    path("annuaire/imports/<slug:public_id>/", directory.import_page, name="import"),
    path("annuaire/imports/<slug:public_id>/charger/", directory.import_load, name="import_load"),
    path("annuaire/besoins/", directory.needs, name="needs"),
    path("annuaire/besoins/<slug:need>/", directory.need_page, name="need"),
]
