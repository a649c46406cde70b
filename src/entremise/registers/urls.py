from django.urls import path

from entremise.registers.web import decisions, review

app_name = "registers"
urlpatterns = [
    # review
    path("registres/relire/", review.review, name="review"),
    path("registres/relire/suivante/", review.review_next, name="review_next"),
    path("registres/paires/<int:pk>/", review.pair_page, name="pair_page"),
    path("registres/paires/<int:pk>/prendre/", review.pair_claim, name="pair_claim"),
    path("registres/paires/<int:pk>/rendre/", review.pair_leave, name="pair_leave"),
    path("registres/paires/<int:pk>/repondre/", review.pair_answer, name="pair_answer"),
    path("registres/paires/<int:pk>/separer/", review.pair_separate, name="pair_separate"),
    path("registres/reponses/<int:pk>/annuler/", review.reading_undo, name="reading_undo"),
    path("registres/decisions/", decisions.decisions, name="decisions"),
    path("registres/decisions/<int:pk>/rouvrir/", decisions.decision_undo, name="decision_undo"),
    path("registres/decisions/<int:pk>/confirmer/", decisions.decision_reread, name="decision_reread"),
    path("registres/modeles/<int:version>/seuils/", review.thresholds_set, name="thresholds_set"),
]
