"""What contributors may move by a vote in the registers."""

from __future__ import annotations

from entremise.rules.registry import RulePoint, declare

# review (reference linkage § 6.3, § 12, § 13)
PRECISION_TARGET = declare(
    RulePoint(
        "registers.precision_target", "Réunions automatiques justes, au moins", 990, 980, 995, loosens="down", unit="‰"
    )
)
AGREEMENT = declare(
    RulePoint(
        "registers.agreement_floor", "Accord entre relecteurs, au moins", 800, 700, 950, loosens="down", unit="‰"
    )
)
RERANK = declare(RulePoint("registers.second_opinion", "Second avis appris des relectures", False, loosens="up"))
