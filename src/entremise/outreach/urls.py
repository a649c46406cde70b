from __future__ import annotations

from django.urls import URLPattern, path

from entremise.outreach.web import (
    announcements,
    board,
    callers,
    calls,
    campaigns,
    care,
    home,
    path as my_path,
    plans,
    shifts,
    tasks,
)

app_name = "outreach"
urlpatterns: list[URLPattern] = [
    # campaigns: /veille/campagnes/…
    path("veille/", home.home, name="home"),
    path("veille/campagnes/", campaigns.campaign_list, name="campaign_list"),
    path("veille/campagnes/nouvelle/", campaigns.campaign_new, name="campaign_new"),
    path("veille/campagnes/tableur/", campaigns.spreadsheet, name="spreadsheet"),
    path("veille/campagnes/longueur/", announcements.sms_size, name="sms_size"),
    path("veille/campagnes/<slug:public_id>/", campaigns.campaign_page, name="campaign_page"),
    path("veille/campagnes/<slug:public_id>/public/", announcements.campaign_public, name="campaign_public"),
    path("veille/campagnes/<slug:public_id>/annonce/", announcements.announcement, name="announcement"),
    path(
        "veille/campagnes/<slug:public_id>/annonce/<slug:deed>/",
        announcements.announcement_deed,
        name="announcement_deed",
    ),
    path(
        "veille/campagnes/<slug:public_id>/reglages/<slug:step>/",
        campaigns.campaign_settings,
        name="campaign_settings",
    ),
    path("veille/campagnes/<slug:public_id>/<slug:deed>/", campaigns.campaign_deed, name="campaign_deed"),
    # scripts: /veille/scripts/…
    # callers: /veille/parcours/…, /veille/appelants/…, /veille/permanences/…
    path("veille/parcours/", my_path.path, name="path"),
    path("veille/parcours/inscription/", my_path.sign_up, name="path_sign_up"),
    path("veille/parcours/disponibilites/", my_path.availability, name="path_availability"),
    path("veille/parcours/charte/", my_path.charter, name="path_charter"),
    path("veille/parcours/souhait/", my_path.wish, name="path_wish"),
    path("veille/parcours/modules/<slug:code>/", my_path.module, name="path_module"),
    path("veille/parcours/modules/<slug:code>/quiz/", my_path.quiz, name="path_quiz"),
    path("veille/parcours/debriefings/<slug:public_id>/refuser/", my_path.decline, name="path_decline"),
    path("veille/parcours/<slug:deed>/", my_path.path_deed, name="path_deed"),
    path("veille/appelants/", callers.callers, name="callers"),
    path("veille/appelants/comptes-rendus/<slug:public_id>/", callers.caller_report, name="caller_report"),
    path("veille/appelants/debriefings/<slug:public_id>/", callers.caller_debrief, name="caller_debrief"),
    path("veille/appelants/avis/<slug:public_id>/<slug:deed>/", callers.caller_advice, name="caller_advice"),
    path("veille/appelants/fiches/<slug:public_id>/<slug:deed>/", callers.caller_form, name="caller_form"),
    path("veille/appelants/<slug:public_id>/", callers.caller_page, name="caller_page"),
    path("veille/appelants/<slug:public_id>/<slug:deed>/", callers.caller_deed, name="caller_deed"),
    path("veille/permanences/", shifts.shifts, name="shifts"),
    path("veille/permanences/nouvelle/", shifts.shift_new, name="shift_new"),
    path("veille/permanences/campagne/<slug:public_id>/", shifts.shifts, name="shifts"),
    path("veille/permanences/<slug:public_id>/<slug:deed>/", shifts.shift_deed, name="shift_deed"),
    # calls: /veille/appeler/…
    path("veille/appeler/<slug:public_id>/", calls.call, name="call"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/", calls.call_sheet, name="call_sheet"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/rendre-compte/", calls.call_report, name="call_report"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/rendu/", calls.call_done, name="call_done"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/suite/", calls.call_guide, name="call_guide"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/tenir/", calls.call_keep, name="call_keep"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/rendre/", calls.call_release, name="call_release"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/autre-numero/", calls.call_line, name="call_line"),
    path("veille/appeler/fiche/<slug:public_id>/<int:token>/danger/", calls.call_alarm, name="call_alarm"),
    path("veille/appeler/meme-ligne/<slug:public_id>/", calls.call_same_line, name="call_same_line"),
    # care: /veille/urgences/…, /veille/recherches/…
    path("veille/urgences/", care.emergencies, name="emergencies"),
    path("veille/urgences/nouvelle/", care.emergency_new, name="emergency_new"),
    path("veille/urgences/<slug:public_id>/", care.emergency_page, name="emergency"),
    path("veille/urgences/<slug:public_id>/prendre/", care.emergency_take, name="emergency_take"),
    path("veille/urgences/<slug:public_id>/clore/", care.emergency_close, name="emergency_close"),
    path("veille/recherches/", care.searches, name="searches"),
    path("veille/recherches/visites/", care.visits_print, name="visits_print"),
    path("veille/recherches/<slug:public_id>/", care.search_page, name="search"),
    path("veille/recherches/<slug:public_id>/autre/", care.search_stop, name="search_stop"),
    path("veille/recherches/<slug:public_id>/<int:rank>/<slug:deed>/", care.step_deed, name="step_deed"),
    # plans: /veille/plans/…
    path("veille/plans/<slug:public_id>/", plans.plan_page, name="plan_page"),
    path("veille/plans/<slug:public_id>/faire/", plans.plan_ask, name="plan_ask"),
    path("veille/plans/<slug:public_id>/arreter/", plans.plan_cancel, name="plan_cancel"),
    path("veille/plans/<slug:public_id>/fiches/<slug:task>/", plans.plan_task, name="plan_task"),
    # paper: /veille/feuilles/…
    # board: /veille/tableau/…
    path("veille/tableau/<slug:public_id>/", board.board, name="board"),
    path("veille/tableau/<slug:public_id>/fiches/<slug:code>/", tasks.bucket, name="bucket"),
    path("veille/tableau/<slug:public_id>/en-attente/", tasks.orphans, name="orphans"),
    path("veille/en-attente/<slug:public_id>/", tasks.orphan, name="orphan"),
    path("veille/en-attente/<slug:public_id>/decider/", tasks.orphan_decide, name="orphan_decide"),
    path("veille/fiches/<slug:public_id>/", tasks.task_page, name="task"),
]
