"""The engine of the rules, behind a few calls. Plain Python; nothing outside this package imports cedarpy."""

from entremise.rules.engine.deciding import (
    CONTEST,
    MOST,
    Base,
    Compiled,
    Note,
    Verdict,
    base,
    check,
    compile,
    decide,
    digest,
    tree,
)
from entremise.rules.engine.direction import SAID, Direction, direction
from entremise.rules.engine.errors import EngineRefused
from entremise.rules.engine.facts import (
    NEVER,
    AgentFacts,
    Asked,
    Consult,
    Count,
    Deed,
    MandateFacts,
    PersonFacts,
    RecordFacts,
    RegisterFacts,
    Use,
)
from entremise.rules.engine.form import (
    Form,
    OutsideGrammar,
    as_until,
    french,
    from_json,
    said_date,
    to_cedar,
    to_form,
    to_json,
)
from entremise.rules.engine.lint import Problem, lint

__all__ = [
    "CONTEST", "MOST", "NEVER", "SAID", "AgentFacts", "Asked", "Base", "Compiled", "Consult", "Count", "Deed",
    "Direction", "EngineRefused", "Form", "MandateFacts", "Note", "OutsideGrammar", "PersonFacts", "Problem",
    "RecordFacts", "RegisterFacts", "Use", "Verdict", "as_until", "base", "check", "compile", "decide",
    "digest", "direction", "french", "from_json", "lint", "said_date", "to_cedar", "to_form", "to_json", "tree",
]  # fmt: skip
