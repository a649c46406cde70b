"""What allauth asks of us: who may sign up, its sentences, its mails.

Secrets of authenticator apps are stored as allauth stores them, in clear: only the vault speaks to the cipher
(tests/vault/test_walls.py), and it lies above this context. See docs/decisions/0030.
"""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import PermissionDenied


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": "Ce compte est fermé. Adressez-vous à la personne qui administre le site.",
        "email_password_mismatch": "L’adresse ou le mot de passe ne convient pas. Vérifiez-les, ou demandez un code.",
        "incorrect_code": "Ce code ne convient pas. Vérifiez les signes, ou demandez un nouveau code.",
        "incorrect_password": "Ce mot de passe ne convient pas.",
        "enter_current_password": "Écrivez votre mot de passe actuel.",
        "too_many_login_attempts": "Trop d’essais manqués. Attendez cinq minutes, ou demandez un code par courriel.",
        "rate_limited": "Trop de demandes en peu de temps. Attendez une minute, puis recommencez.",
        "invalid_password_reset": "Ce lien a déjà servi ou a expiré. Demandez-en un nouveau.",
    }

    def is_open_for_signup(self, request: Any) -> bool:
        """Inhabitants need no account; those who work here are invited by an administrator."""
        return False

    def get_client_ip(self, request: Any) -> str:
        """The address that limits on log-in count by; a request that comes through no network has none."""
        try:
            return str(super().get_client_ip(request))
        except PermissionDenied:
            return "::"

    def send_notification_mail(
        self, template_prefix: str, user: Any, context: dict[str, Any] | None = None, email: str | None = None
    ) -> None:
        """To the address of the account: allauth's own table of addresses stays empty for who was invited."""
        super().send_notification_mail(template_prefix, user, context, email or user.email)

    def get_from_email(self) -> str:
        return str(settings.DEFAULT_FROM_EMAIL)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "Ce code ne convient pas. Attendez le suivant sur votre téléphone, puis recommencez.",
        "unverified_email": "Connectez-vous d’abord une fois par un code reçu à votre adresse.",
        "cannot_delete_authenticator": "Ce second moyen ne peut pas être retiré.",
        "cannot_generate_recovery_codes": "Ajoutez d’abord une application de codes ou une clé d’accès.",
    }

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        from allauth.mfa.models import Authenticator

        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return f"Ma clé n° {number}" if number > 1 else "Ma clé"
