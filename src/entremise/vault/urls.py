from django.urls import path

from entremise.vault.web import habilitations, journal, registers, requests

app_name = "vault"
urlpatterns = [
    path("coffre/", registers.index, name="index"),
    path("coffre/demandes/", requests.request_list, name="request_list"),
    path("coffre/demandes/nouvelle/<slug:kind>/", requests.request_new, name="request_new"),
    path("coffre/demandes/<slug:reference>/", requests.request_page, name="request_page"),
    path("coffre/demandes/<slug:reference>/accorder/", requests.approve, name="request_approve"),
    path("coffre/demandes/<slug:reference>/refuser/", requests.refuse, name="request_refuse"),
    path("coffre/demandes/<slug:reference>/reprendre/", requests.withdraw, name="request_withdraw"),
    path("coffre/demandes/<slug:reference>/retirer/", requests.revoke, name="request_revoke"),
    path("coffre/demandes/<slug:reference>/avis/", requests.opine, name="request_opine"),
    path("coffre/habilitations/", habilitations.habilitation_list, name="habilitation_list"),
    path("coffre/habilitations/signer/", habilitations.sign_all, name="sign_all"),
    path("coffre/habilitations/<slug:public_id>/", habilitations.habilitation_page, name="habilitation_page"),
    path("coffre/habilitations/<slug:public_id>/suspendre/", habilitations.suspend, name="suspend"),
    path("coffre/habilitations/<slug:public_id>/retablir/", habilitations.resume, name="resume"),
    path("coffre/engagement/", habilitations.commitment, name="commitment"),
    path("coffre/registres/", registers.register_list, name="register_list"),
    path("coffre/registres/<slug:code>/", registers.register_page, name="register_page"),
    path("coffre/registres/<slug:code>/analyse/", registers.assess, name="assess"),
    path("coffre/registres/<slug:code>/<slug:deed>/", registers.register_deed, name="register_deed"),
    path("coffre/journal/", journal.journal, name="journal"),
    path("coffre/journal/verifier/", journal.verify, name="journal_verify"),
    path("coffre/journal/verifications/<int:pk>/", journal.verification, name="verification"),
    path("coffre/journal/<int:number>/", journal.journal_line, name="journal_line"),
    path("coffre/journal/<int:number>/preuve.json", journal.journal_proof, name="journal_proof"),
]
