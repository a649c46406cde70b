"""Who may do what in Veille. Each function says why to whoever is refused."""

from __future__ import annotations

from entremise.accounts.policies import administers, require_second_factor
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed
from entremise.outreach.models import CallerProfile

TEAM = ("caller", "mentor", "supervisor")
SUPERVISING = "Cette page est celle des superviseurs de la veille. Revenez à votre journée d’appels."
CALLING = "Seul un appelant inscrit au parcours appelle. Demandez votre inscription au superviseur."
MENTORING = "Seul un référent d’appel fait cela. Adressez-vous à celui qui vous suit."
GUIDING = "Seul le référent d’appel de cette personne, ou un superviseur, fait cela."
TEAMING = "Cette page est celle de l’équipe d’appel. Revenez à l’accueil."


def _require(actor: Actor, roles: tuple[str, ...], sentence: str) -> int:
    if actor.user_id is None or not actor.has(*roles):
        raise NotAllowed(sentence)
    require_second_factor(actor)
    return actor.user_id


def require_supervisor(actor: Actor) -> int:
    """The account of a supervisor, two factors proved. Raises NotAllowed, SecondFactorNeeded."""
    return _require(actor, ("supervisor",), SUPERVISING)


def require_caller(actor: Actor) -> int:
    """The account of a caller, two factors proved. Raises NotAllowed, SecondFactorNeeded."""
    return _require(actor, ("caller",), CALLING)


def require_mentor(actor: Actor) -> int:
    """The account of a mentor, or of a supervisor, who answers for mentors. Raises NotAllowed, SecondFactorNeeded."""
    return _require(actor, ("mentor", "supervisor"), MENTORING)


def require_team(actor: Actor) -> int:
    """The account of anybody of the call centre. Raises NotAllowed, SecondFactorNeeded."""
    return _require(actor, TEAM, TEAMING)


def require_alarm(actor: Actor) -> int:
    """The account of anybody of the call centre, one factor being enough: danger does not wait for the second one."""
    if actor.user_id is None or not actor.has(*TEAM):
        raise NotAllowed(
            "Ce bouton est celui de l’équipe d’appel. Si quelqu’un est en danger, appelez le 15 ou le 112."
        )
    return actor.user_id


def guides(actor: Actor, caller: CallerProfile) -> bool:
    """Who answers for this caller: their own mentor, or a supervisor. Never themself, never another mentor."""
    if actor.user_id is None or actor.user_id == caller.user_id:
        return False
    return actor.has("supervisor") or (actor.has("mentor") and caller.mentor_id == actor.user_id)


def require_guide(actor: Actor, caller: CallerProfile, sentence: str = GUIDING) -> int:
    """The account of who answers for this caller, two factors proved. Raises NotAllowed, SecondFactorNeeded."""
    if actor.user_id is None or not guides(actor, caller):
        raise NotAllowed(sentence)
    require_second_factor(actor)
    return actor.user_id


def require_dpo(actor: Actor) -> int:
    """The account of the data protection officer. Raises NotAllowed, SecondFactorNeeded."""
    return _require(actor, ("dpo",), "Cette décision est celle du délégué à la protection des données.")


def require_campaign_reader(actor: Actor) -> int:
    """A supervisor, or the DPO who watches over campaigns: settings and counts, never a person."""
    return _require(actor, ("supervisor", "dpo"), SUPERVISING)


def require_scripts(actor: Actor) -> None:
    """A supervisor, or whoever applies kits. A script shows no person. Raises NotAllowed, SecondFactorNeeded."""
    if not administers(actor):
        require_supervisor(actor)
