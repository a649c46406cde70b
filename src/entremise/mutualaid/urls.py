from django.urls import path

from entremise.mutualaid.web import desk

app_name = "mutualaid"
urlpatterns = [
    path("entraide/", desk.desk, name="desk"),
    path("entraide/suivante/", desk.take_next, name="take_next"),
    path("entraide/demandes/", desk.need_list, name="need_list"),
    path("entraide/demandes/nouvelle/", desk.intake, name="intake"),
    path("entraide/demandes/<slug:public_id>/", desk.need_page, name="need_page"),
    path("entraide/demandes/<slug:public_id>/ouvrir/", desk.need_open, name="need_open"),
    path("entraide/demandes/<slug:public_id>/rappeler/", desk.need_hold, name="need_hold"),
    path("entraide/demandes/<slug:public_id>/clore/", desk.need_close, name="need_close"),
    path("entraide/demandes/<slug:public_id>/passer/", desk.need_hand_over, name="need_hand_over"),
    path("entraide/demandes/<slug:public_id>/proposer/", desk.propose, name="propose"),
    path("entraide/demandes/<slug:public_id>/<slug:deed>/", desk.need_deed, name="need_deed"),
    path("entraide/propositions/<slug:public_id>/<slug:deed>/", desk.proposal_deed, name="proposal_deed"),
    path("entraide/relations/<slug:public_id>/<slug:deed>/", desk.match_deed, name="match_deed"),
    path("entraide/aidants/", desk.helper_list, name="helper_list"),
    path("entraide/aidants/nouveau/", desk.helper_new, name="helper_new"),
    path("entraide/aidants/<slug:public_id>/", desk.helper_page, name="helper_page"),
    path("entraide/aidants/<slug:public_id>/<slug:deed>/", desk.helper_deed, name="helper_deed"),
]
