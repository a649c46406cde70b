from django.urls import path

from entremise.registers.web import decisions, enrolling, life, linkage, prefect, reports, review, rounds

app_name = "registers"
urlpatterns = [
    # linkage
    path("registres/rapprocher/", linkage.linkage, name="linkage"),
    path("registres/rapprocher/<slug:reference>/lancer/", linkage.linkage_start, name="linkage_start"),
    path("registres/rapprochements/<slug:public_id>/", linkage.run_page, name="run_page"),
    path("registres/rapprochements/<slug:public_id>/arreter/", linkage.run_cancel, name="run_cancel"),
    path("registres/modeles/", linkage.models, name="models"),
    path("registres/modeles/<int:version>/activer/", linkage.model_activate, name="model_activate"),
    # review
    path("registres/relire/", review.review, name="review"),
    path("registres/relire/suivante/", review.review_next, name="review_next"),
    path("registres/paires/<int:pk>/", review.pair_page, name="pair_page"),
    path("registres/paires/<int:pk>/prendre/", review.pair_claim, name="pair_claim"),
    path("registres/paires/<int:pk>/rendre/", review.pair_leave, name="pair_leave"),
    path("registres/paires/<int:pk>/repondre/", review.pair_answer, name="pair_answer"),
    path("registres/paires/<int:pk>/separer/", review.pair_separate, name="pair_separate"),
    path("registres/paires/<int:pk>/provenance/", review.pair_sources, name="pair_sources"),
    path("registres/reponses/<int:pk>/annuler/", review.reading_undo, name="reading_undo"),
    path("registres/decisions/", decisions.decisions, name="decisions"),
    path("registres/decisions/<int:pk>/rouvrir/", decisions.decision_undo, name="decision_undo"),
    path("registres/decisions/<int:pk>/confirmer/", decisions.decision_reread, name="decision_reread"),
    path("registres/modeles/<int:version>/seuils/", review.thresholds_set, name="thresholds_set"),
    # the life of registers
    path("registres/", life.home, name="home"),
    path("registres/signalements/", reports.reports, name="reports"),
    path("registres/signalements/<slug:public_id>/confirmer/", reports.report_confirm, name="report_confirm"),
    path("registres/signalements/<slug:public_id>/<slug:deed>/", reports.report_deed, name="report_deed"),
    path("registres/inscriptions/<slug:public_id>/", enrolling.enrolment, name="enrolment"),
    path("registres/inscriptions/<slug:public_id>/<slug:deed>/", enrolling.enrolment_deed, name="enrolment_deed"),
    path("registres/confirmations/<slug:public_id>/", rounds.round_page, name="round"),
    path("registres/confirmations/<slug:public_id>/<int:rank>/", rounds.line, name="line"),
    path("registres/confirmations/<slug:public_id>/<slug:deed>/", rounds.round_deed, name="round_deed"),
    path("registres/communications/<slug:public_id>/", prefect.transmit, name="transmit"),
    path("registres/r/<slug:code>/", life.register_page, name="register_page"),
    path("registres/r/<slug:code>/inscrire/", enrolling.enrol, name="enrol"),
    path("registres/r/<slug:code>/inscriptions/", enrolling.enrolments, name="enrolments"),
    path("registres/r/<slug:code>/accuses.pdf", enrolling.print_letters, name="print_letters"),
    path("registres/r/<slug:code>/signaler/", reports.report_new, name="report_new"),
    path("registres/r/<slug:code>/confirmations/", rounds.rounds, name="rounds"),
    path("registres/r/<slug:code>/relecture/", rounds.sign_review, name="sign_review"),
    path("registres/r/<slug:code>/informer/", rounds.inform, name="inform"),
    path("registres/r/<slug:code>/prefet/", prefect.prefect, name="prefect"),
    path("remise/<str:token>/", prefect.parcel, name="parcel"),
]
