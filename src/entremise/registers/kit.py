"""The section `[registers]` of a kit: registers to create in project, their bases, their draft impact assessment.

A kit opens nothing: the controller reads each assessment, corrects it, signs it, then opens the register.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from entremise.kernel import clock
from entremise.kernel.actors import Actor
from entremise.kits.registry import Change, Rows, Sentence, Strict, section
from entremise.registers.usecases import ITEMS
from entremise.vault import queries as facts, registry, usecases as vault

Kind = Literal["legal", "safeguard", "service"]


class AssessmentSchema(Strict):
    """The four parts of an impact assessment (RGPD 35.7), as a draft to be signed."""

    processing: Sentence
    necessity: Sentence
    risks: Sentence
    measures: Sentence


class RegisterSchema(Strict):
    """One register. `code` is a profile, or a profile and a suffix; `keep_months`: its term, counted from the kit."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
    kind: Kind
    label: Annotated[Sentence, Field(max_length=120)]
    controller: str = ""
    bases: dict[str, str]
    crisis: Rows[str] = ()
    keep_months: Annotated[int, Field(ge=1, le=60)]
    assessment: AssessmentSchema

    @model_validator(mode="after")
    def _known(self) -> RegisterSchema:
        try:
            shape = registry.profile(self.code)
        except KeyError:
            raise ValueError(f"profil inconnu ; profils : {', '.join(sorted(registry.profiles()))}") from None
        if unknown := sorted({*self.bases, *self.crisis} - set(registry.PURPOSES)):
            raise ValueError(f"finalités inconnues : {', '.join(unknown)}")
        if unknown := sorted(set(self.bases.values()) - set(registry.BASES)):
            raise ValueError(f"bases légales inconnues : {', '.join(unknown)} ; bases : {', '.join(registry.BASES)}")
        if wrong := sorted(set(self.crisis) - set(self.bases)):
            raise ValueError(f"finalités de crise sans base légale : {', '.join(wrong)}")
        if wrong := sorted(purpose for purpose in self.bases if purpose in registry.NO_OBJECTION
                           and self.bases[purpose] == "consent"):  # fmt: skip
            raise ValueError(
                f"la loi commande ces finalités, elles ne reposent pas sur un accord : {', '.join(wrong)}"
            )
        if not set(self.bases) - registry.COMPULSORY:
            raise ValueError("aucune finalité propre : le registre ne servirait à rien")
        if self.kind == "legal" and (shape.loose or set(shape.fields) != set(ITEMS)):
            raise ValueError("le registre légal a exactement neuf rubriques : prenez le profil canicule")
        return self


class Schema(Strict):
    registers: Rows[RegisterSchema]

    @model_validator(mode="after")
    def _once(self) -> Schema:
        if twice := [code for code, count in Counter(one.code for one in self.registers).items() if count > 1]:
            raise ValueError(f"registres donnés deux fois : {', '.join(twice)}")
        return self


def plan(content: Schema) -> list[Change]:
    """Only what is missing: a register that exists belongs to its controller, whatever the kit says now."""
    known = {row.code for row in facts.registers()}
    return [
        Change("add", f"registre {one.code}, en projet", after=one.label)
        for one in content.registers
        if one.code not in known
    ]


def apply(actor: Actor, content: Schema, kit: str) -> None:
    """Create in project the registers that are missing. Creating opens nothing, so the machine does it; `apply_kit`
    keeps who applied the kit."""
    known = {row.code for row in facts.registers()}
    for one in content.registers:
        if one.code not in known:
            vault.create_register(
                Actor.machine(f"kit {kit}"),
                code=one.code,
                kind=one.kind,
                label=one.label,
                controller=one.controller,
                bases=one.bases,
                crisis_purposes=one.crisis,
                expires_at=clock.now() + timedelta(days=round(one.keep_months * 30.44)),
                assessment=one.assessment.model_dump(),
            )


section("registers", Schema, plan, apply)
