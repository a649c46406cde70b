"""Why a run is refused: each says what to do."""

from __future__ import annotations

from entremise.kernel.errors import DomainError


class RunImpossible(DomainError):
    """Nothing to compare, or not now."""

    code = "run_impossible"


class RunInProgress(DomainError):
    """A run of the same grant is waiting or under way."""

    code = "run_in_progress"


class RegisterNotOpen(DomainError):
    """A register of the grant is not open."""

    code = "register_not_open"


class ModelMismatch(DomainError):
    """A model of another schema, or changed since it was kept: it is code, and is not run."""

    code = "model_schema_mismatch"


NOTHING = "Rien n’a été réuni. Prévenez la personne qui administre le serveur."
FAILURES = {
    "memory_exceeded": "La mémoire a manqué. Rien n’a été écrit sur le disque. Recommencez quand le serveur est moins "
    "chargé, ou demandez plus de mémoire à la personne qui l’administre.",
    "model_untrained": "Le modèle n’a pas pu être appris sur ces fiches. Activez un modèle antérieur.",
    "model_schema_mismatch": "Le modèle actif ne convient pas à cette version du logiciel. Activez-en un autre.",
    "grant_missing": "L’accord des collèges a manqué pendant le calcul : il a été repris, ou a pris fin.",
    "not_allowed": "Le règlement ou votre habilitation ne le permet plus. Rien n’a été réuni.",
    "proof_too_old": "Votre seconde preuve est trop ancienne : lancez un nouveau rapprochement.",
    "killed": f"Le calcul a été interrompu trois fois. {NOTHING}",
    "failed": f"Le calcul s’est arrêté sur une erreur. {NOTHING}",
}
"""Code kept on the run → what its page says."""

__all__ = ["FAILURES", "ModelMismatch", "RegisterNotOpen", "RunImpossible", "RunInProgress"]
