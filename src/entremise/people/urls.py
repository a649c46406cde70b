from django.urls import path

from entremise.people.web import desk, mydata

app_name = "people"
urlpatterns = [
    path("droits/", desk.desk, name="desk"),
    path("droits/nouvelle/", desk.desk_new, name="desk_new"),
    path("droits/codes.pdf", desk.desk_codes, name="desk_codes"),
    path("droits/codes/<slug:public_id>/annulation.pdf", desk.desk_killed, name="desk_killed"),
    path("droits/<slug:public_id>/", desk.desk_request, name="desk_request"),
    path("droits/<slug:public_id>/personne/", desk.desk_find, name="desk_find"),
    path("droits/<slug:public_id>/identite/", desk.desk_identify, name="desk_identify"),
    path("droits/<slug:public_id>/corriger/", desk.desk_correct, name="desk_correct"),
    path("droits/<slug:public_id>/code.pdf", desk.desk_code, name="desk_code"),
    path("droits/<slug:public_id>/lettre/<slug:what>.pdf", desk.desk_letter, name="desk_letter"),
    path("droits/<slug:public_id>/copie.<slug:form>", desk.desk_copy, name="desk_copy"),
    path("droits/<slug:public_id>/mandat/", desk.desk_mandate, name="desk_mandate"),
    path(
        "droits/<slug:public_id>/mandat/<slug:mandate>/retirer/", desk.desk_mandate_revoke, name="desk_mandate_revoke"
    ),
    path("droits/<slug:public_id>/<slug:deed>/", desk.desk_deed, name="desk_deed"),
    # Without account
    path("mes-donnees/", mydata.my_data, name="my_data"),
    path("mes-donnees/lien/<str:token>/", mydata.my_link, name="my_link"),
    path("mes-donnees/quitter/", mydata.leave, name="leave"),
    path("mes-donnees/effacer/", mydata.erase, name="erase"),
    path("mes-donnees/corriger/", mydata.correct, name="correct"),
    path("mes-donnees/copie.<slug:form>", mydata.copy_file, name="copy_file"),
    path("mes-donnees/mandats/<slug:public_id>/<slug:deed>/", mydata.mandate_deed, name="mandate_deed"),
    path("mes-donnees/<slug:deed>/", mydata.deed, name="deed"),
]
