"""Which pages open without an account: a closed list, so that opening one is a decision somebody reads."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

OURS = "entremise."


def doors(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, object]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from doors(entry, (*spaces, entry.namespace) if entry.namespace else spaces)
        elif isinstance(entry, URLPattern):
            yield ":".join([*spaces, entry.name or str(entry.pattern)]), entry.callback


def public() -> set[str]:
    return {name for name, view in doors(get_resolver()) if not getattr(view, "login_required", True)}


PUBLIC = {
    "home", "danger", "accessibility", "legal_notice", "personal_data", "report_access", "set_language", "logo",
    "styleguide", "theme_sheet", "territories:commune_suggestions", "rules:reader", "rules:settings", "rules:in_force",
    # Entraide without account: the doors, then what a personal link opens
    "mutualaid:need_new", "mutualaid:need_done", "mutualaid:offer_new", "mutualaid:offer_done", "mutualaid:follow",
    "mutualaid:lost_link", "mutualaid:lost_link_sent", "mutualaid:paper_need", "mutualaid:paper_offer",
    "mutualaid:need_link", "mutualaid:need_cancel", "mutualaid:need_answer", "mutualaid:need_outcome",
    "mutualaid:need_hide", "mutualaid:proposal_link", "mutualaid:offer_link", "mutualaid:offer_change",
    "mutualaid:offer_withdraw", "mutualaid:offer_left", "mutualaid:offer_deed", "mutualaid:offer_match",
    # « Mes données »: the door (a code and a birth date), then what it opens; each asks again who is there
    "people:my_data", "people:my_link", "people:leave", "people:deed", "people:erase", "people:correct",
    "people:copy_file", "people:mandate_deed",
    # what everybody may read of a campaign of calls: who calls, from which number, when; no person
    "outreach:campaign_public",
    # the link of a file given to a service outside: a button, then the vault decides
    "registers:parcel",
    # logging in and out, by django-allauth
    "account_confirm_login_code", "account_inactive", "account_request_login_code",
    "account_login", "account_logout", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "account_signup", "mfa_authenticate",
    "mfa_login_webauthn",
    # becoming another account of a demonstration: 404 on a real site
    "demo_role",
    # the API asks for its own keys
    "api:api-root", "api:openapi-json", "api:openapi-view",
}  # fmt: skip


def test_a_page_opens_without_account_only_if_somebody_decided_it():
    opened = sorted(public() - PUBLIC)
    assert not opened, f"{opened} open without account: ask for one, or add them to PUBLIC and say why"


def test_the_list_of_public_pages_names_pages_that_exist():
    known = {name for name, _ in doors(get_resolver())}
    assert not sorted(PUBLIC - known), "remove them from PUBLIC"
