"""The import itself: rows checked outside any transaction, then everything accepted written in one."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from entremise.audit.registry import declare
from entremise.audit.usecases import record
from entremise.kernel import clock, ids
from entremise.kernel.actors import Actor
from entremise.kernel.errors import NotAllowed, NotFound
from entremise.kernel.machines import IllegalTransition
from entremise.mutualaid import policies, rules
from entremise.mutualaid.engine import masks, ranking
from entremise.mutualaid.engine.sheets import Table
from entremise.mutualaid.models import SHEET_LIFE, HelperIndex, HelperProfile, Need, SheetImport, SheetRow
from entremise.mutualaid.queries.sheet_rows import Checked, Checker
from entremise.mutualaid.usecases.needs import free_codes
from entremise.mutualaid.usecases.sheets import PURPOSE, REGISTER, destroy_later, fail_sheet, open_sheet
from entremise.people.models import Person
from entremise.people.usecases import record_consents, register_many
from entremise.rules.queries import number_of
from entremise.vault import usecases as vault

IMPORTED = declare("mutualaid.sheet.imported", "a importé un tableur")
MOTIVE = "Personnes reçues par un tableur, avec leur accord"
STEP = 1000  # rows between two words of progress
BATCH = 500
log = logging.getLogger("entremise.mutualaid")


@sensitive_variables()
def run_sheet(actor: Actor, *, sheet: SheetImport) -> None:
    """Import a started sheet, or leave it « interrompu » with nothing kept. Safe to run twice.

    Not a transaction: progress shows while rows are checked; `import_sheet` alone writes. What goes wrong is logged
    by its kind only: a message of a database may quote a row.
    """
    try:
        _, table = open_sheet(actor, sheet=sheet)
        checker, rows, counted = Checker(sheet, table), list[Checked](), SheetImport.objects.filter(pk=sheet.pk)
        for row in checker.rows():
            rows.append(row)
            if len(rows) % STEP == 0 and not counted.filter(state="running").update(checked=len(rows)):
                return  # given up meanwhile
        import_sheet(actor, sheet=sheet, table=table, rows=rows)
    except IllegalTransition:
        return  # given up, or done by another worker
    except Exception as error:
        log.error("import of sheet %s stopped: %s", sheet.pk, type(error).__name__)
        sheet.refresh_from_db()
        if sheet.state == "running":
            fail_sheet(actor, sheet=sheet)


@sensitive_variables()
@transaction.atomic
def import_sheet(actor: Actor, *, sheet: SheetImport, table: Table, rows: Sequence[Checked]) -> None:
    """All accepted rows, or none. What was imported once, from this file or another, is left out and counted.

    Raises NotAllowed, IllegalTransition (not running any more), IntegrityError (the same rows came in meanwhile).
    """
    if not policies.can_handle_sheet(actor, sheet):
        raise NotAllowed("Ce tableur est réservé à la personne qui l’a envoyé et aux responsables.")
    good = [row for row in rows if not row.problems and not row.twin]
    refused = [row for row in rows if row.problems]
    prints = vault.fingerprints(register=REGISTER, kind=sheet.kind, values=[row.print_source for row in good])
    known = _known(sheet.kind, prints)
    fresh = [(row, digest) for row, digest in zip(good, prints, strict=True) if digest not in known]
    counts: dict[str, Any] = {
        "accepted": len(fresh),
        "known": len(rows) - len(refused) - len(fresh),
        "rejected": len(refused),
        "checked": len(rows),
        "problems": dict(Counter(code for row in refused for code in row.problems)),
    }
    if refused:
        counts["rejects_document"] = document = ids.uuid7()
        content = json.dumps(
            {"headings": table.headings, "rows": [[r.line, " ".join(r.problems.values()), *r.cells] for r in refused]}
        )
        counts["rejects"] = vault.seal_document(
            actor, document=document, content=content.encode(), register=REGISTER, purpose=PURPOSE, motive=MOTIVE
        )
    # The end is said first: of two workers one goes on, and whoever gave up in between stops everything.
    SHEET_LIFE.move(sheet, "finish", content=b"", ended_at=clock.now(), **counts)
    SheetRow.objects.bulk_create(
        [SheetRow(kind=sheet.kind, digest=digest, sheet=sheet) for _, digest in fresh], batch_size=BATCH
    )
    (_needs if sheet.kind == "needs" else _helpers)(actor, sheet, [row for row, _ in fresh])
    destroy_later(actor, [sheet.document])
    record(actor, IMPORTED, sheet, accepted=len(fresh), known=counts["known"], rejected=len(refused))


def _known(kind: str, prints: Sequence[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for start in range(0, len(prints), 900):
        rows = SheetRow.objects.filter(kind=kind, digest__in=prints[start : start + 900])
        found |= {bytes(digest) for digest in rows.values_list("digest", flat=True)}
    return found


def _text_version(sheet: SheetImport, row: Checked) -> str:
    """What the person said yes to: the column of the file, or the agent's declaration for the whole file."""
    return "import-column-1" if row.facts.get("said_yes") else f"import-{sheet.basis}-1"


@sensitive_variables()
def _persons(actor: Actor, sheet: SheetImport, rows: Sequence[Checked]) -> tuple[list[Person], list[str]]:
    """One person a row, one for all the requests of one person; with the reference of what each row becomes."""
    sealed: dict[str, dict[str, str]] = {}
    references = []
    for row in rows:
        reference = ids.new()
        references.append(reference)
        values = {name: value for name, value in row.values.items() if name != "note"}
        if sheet.kind == "helpers":
            values["preferred_channel"] = "email" if "email" in values else "sms"
        known = sealed.setdefault(row.person_key, values)
        if note := row.values.get("note"):
            known[f"note#{reference}"] = note
    persons = register_many(actor, rows=sealed.values(), purpose=PURPOSE, motive=MOTIVE)
    of_key = dict(zip(sealed, persons, strict=True))
    versions = {row.person_key: _text_version(sheet, row) for row in rows}
    record_consents(
        actor, persons=persons, purpose=PURPOSE, answer="yes", text_versions=[versions[key] for key in of_key]
    )
    return [of_key[row.person_key] for row in rows], references


@sensitive_variables()
def _helpers(actor: Actor, sheet: SheetImport, rows: Sequence[Checked]) -> None:
    """Available at once: an agent vouches for their agreement, as on the phone. Nobody is written to."""
    if not rows:
        return
    persons, references = _persons(actor, sheet, rows)
    now = clock.now()
    profiles = []
    for row, person, reference in zip(rows, persons, references, strict=True):
        town = row.facts["territory"]
        profiles.append(
            HelperProfile(
                public_id=reference,
                person=person,
                territory=town,
                h8=town.h8,
                h7=town.h7,
                categories=masks.mask_of(category.bit for category in row.facts["categories"]),
                slots=row.facts["slots"],
                languages=row.facts["languages"] or 1,
                radius_m=row.facts["radius_m"],
                monthly_max=row.facts["monthly_max"],
                charter_at=now,
                registered_at=now,
                origin="import",
                has_note="note" in row.values,
                state="available",
            )
        )
    HelperProfile.objects.bulk_create(profiles, batch_size=BATCH)
    HelperIndex.objects.bulk_create(
        [
            HelperIndex(
                helper=profile,
                h8=profile.h8,
                h7=profile.h7,
                cats=profile.categories,
                slots=profile.slots,
                langs=profile.languages,
                radius_m=profile.radius_m,
                free_from=now,
                rested_since=ranking.NEVER,
            )
            for profile in profiles
            if profile.h8 is not None and profile.h7 is not None and profile.monthly_max
        ],
        batch_size=BATCH,
    )


@sensitive_variables()
def _needs(actor: Actor, sheet: SheetImport, rows: Sequence[Checked]) -> None:
    """Open at once, with the date each was received on: they take their place in the queue, not its end."""
    if not rows:
        return
    persons, references = _persons(actor, sheet, rows)
    now, reach = clock.now(), number_of(rules.MAX_REACH) * 1000
    codes = free_codes(len(rows))
    needs = []
    for row, person, reference, code in zip(rows, persons, references, codes, strict=True):
        town, category = row.facts["territory"], row.facts["category"]
        needs.append(
            Need(
                public_id=reference,
                code=code,
                person=person,
                category=category,
                territory=town,
                h8=town.h8,
                h7=town.h7,
                origin="import",
                consented=True,
                received_at=row.facts["received_at"],
                created_at=now,
                urgency=row.facts["urgency"],
                due_on=row.facts.get("due_on"),
                slots=row.facts["slots"],
                languages=row.facts["languages"],
                reach_m=reach,
                remote=category.remote == "yes",
                sensitive=category.sensitive,
                has_note="note" in row.values,
                paper_ref=row.facts["paper_ref"],
                state="open",
            )
        )
    Need.objects.bulk_create(needs, batch_size=BATCH)


@sensitive_variables()
def open_rejects(actor: Actor, *, sheet: SheetImport) -> tuple[list[str], list[list[Any]]]:
    """Headings and rows of what was refused, « Ligne » and « Motif » first. Raises NotFound once destroyed."""
    if not policies.can_handle_sheet(actor, sheet):
        raise NotAllowed("Ce tableur est réservé à la personne qui l’a envoyé et aux responsables.")
    if sheet.rejects_document is None:
        raise NotFound("Aucune ligne refusée à télécharger : elles sont gardées un jour après l’import.")
    content = vault.open_document(
        actor,
        document=sheet.rejects_document,
        sealed=bytes(sheet.rejects),
        purpose=PURPOSE,
        motive="Lignes refusées d’un tableur, à corriger",
    )
    said = json.loads(content)
    return ["Ligne", "Motif", *said["headings"]], said["rows"]
