"""A register's file of 100,000 rows × 20 columns: read, checked to its preview, loaded; against reading it alone.

Peak memory is that of this process and of the largest of its children together, as if both peaked at once.
"""

from __future__ import annotations

import io
import resource
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

SIZE = 100_000  # rows × 20 columns
EXTRA = ("Couleur", "Secteur", "Quartier", "Créé le", "Modifié le", "Site", "Code interne")
HEADINGS = (
    "N° dossier", "Civilité", "Nom", "Prénom", "Nom de naissance", "Date de naissance", "Téléphone", "Mobile",
    "Adresse", "Complément", "Code postal", "Commune", "GIR", *EXTRA,
)  # fmt: skip


def _row(n: int) -> list[object]:
    who = f"FICTION{chr(65 + n % 26)}{chr(65 + n // 26 % 26)}{chr(65 + n // 676 % 26)}{chr(65 + n // 17576 % 26)}"
    birth: object = f"{1 + n % 28:02d}/{1 + n % 12:02d}/{1925 + n % 30}" if n % 3 else 9_500 + n % 9_000
    return [
        f"D{n:06d}", "Mme" if n % 2 else "M.", who, "Odette" if n % 2 else "Jean-Pierre", "", birth,
        f"04 65 71 {n // 100 % 100:02d} {n % 100:02d}" if n % 5 else "",
        639_980_000 + n % 10_000 if n % 4 else "06.39.98.12.34", f"{1 + n % 90} rue des Essais", "Bât. B",
        "38000" if n % 2 else "1000", "Grenoble" if n % 2 else "Bourg-en-Bresse", str(1 + n % 6),
        *("valeur", "nord", "centre", "12/03/2024", "12/03/2024", "site A", n),
    ]  # fmt: skip


def _file(size: int) -> bytes:
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"constant_memory": True})
    sheet = book.add_worksheet("Liste")
    sheet.write_row(0, 0, HEADINGS)
    for n in range(size):
        sheet.write_row(n + 1, 0, _row(n))
    book.close()
    return out.getvalue()


def _peak() -> int:
    """Megabytes: this process and the largest child."""
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (mine + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) // 1024


def _spent() -> float:
    """Seconds of processor of this process and of its children that ended."""
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + child.ru_utime + child.ru_stime


def _timed(deed: Callable[[], object]) -> tuple[float, float]:
    start, spent = time.perf_counter(), _spent()
    deed()
    return time.perf_counter() - start, _spent() - spent


def _keeper() -> Any:
    from entremise.accounts.models import Membership, Organisation, User
    from entremise.accounts.queries import actor_of
    from entremise.kernel import clock
    from entremise.vault import usecases as vault
    from entremise.vault.models import Habilitation, Register

    now = clock.now()
    later = now + timedelta(days=300)
    user = User.objects.create_user("gestion-import@exemple.test", "un mot de passe de mesure", label="Gestion")
    house = Organisation.objects.get_or_create(name="Mesure", kind="collectivite")[0]
    Membership.objects.create(user=user, organisation=house, role="keeper")
    Habilitation.objects.create(
        user=user.pk, purposes=["registers.keep"], active_until=later, commitment_at=now, commitment_until=later,
        signed_by=1, named_in=[], level=1,
    )  # fmt: skip
    purposes = ("registers.keep", "registers.inform", "people.rights", "outreach.rescue", "vault.audit")
    Register.objects.create(
        code="apa-mesure", profile="apa", kind="safeguard", label="Mesure", recipients=["*"],
        bases=dict.fromkeys(purposes, "public_interest"), status="open", assessment_signed_at=now, expires_at=later,
    )  # fmt: skip
    del vault
    return actor_of(user, "web", True, True)


def measure(size: int) -> dict[str, Any]:
    from entremise.kernel import tables
    from entremise.kernel.actors import Actor
    from entremise.registers import usecases
    from entremise.registers.usecases.imports.files import LIMITS
    from entremise.rules.usecases import install_rules

    size = max(size, 3)
    install_rules(Actor.machine("bench"))
    keeper = _keeper()
    data = _file(size)
    read: list[int] = []
    alone = _timed(lambda: read.append(sum(1 for _ in tables.read(data, LIMITS).rows)))
    if read != [size + 1]:
        raise ValueError("every row was to be read")
    source = usecases.create_source(
        keeper, register="apa-mesure", label="Mesure", giver="Banc", legal_basis="mesure", origin="requests"
    )
    made: list[Any] = []
    receive = _timed(lambda: made.append(usecases.receive_file(keeper, source=source, content=data)))
    (batch,) = made
    reading = _timed(lambda: usecases.read_file(keeper, batch=batch))
    batch.refresh_from_db()
    usecases.set_mapping(keeper, batch=batch, mapping=batch.mapping)
    checking = _timed(lambda: usecases.check_file(keeper, batch=batch))
    batch.refresh_from_db()
    preview, preview_peak = sum(one[0] for one in (receive, reading, checking)), _peak()
    usecases.start_load(keeper, batch=batch)
    loading = _timed(lambda: usecases.load_batch(keeper, batch=batch))
    batch.refresh_from_db()
    if batch.state != "loaded" or sum(batch.outcomes.values()) != size:
        raise ValueError(f"the file is {batch.state} {batch.failure}: {batch.outcomes}")
    rows = [
        {"what": words, "seconds": round(wall, 2), "processor_s": round(spent, 2)}
        for words, (wall, spent) in (
            ("read the workbook alone", alone),
            ("receive and seal the file", receive),
            ("read it: columns, counts", reading),
            ("check every row", checking),
            ("load it", loading),
        )
    ]
    rows += [
        {"what": "from the file to its preview", "seconds": round(preview, 2), "processor_s": ""},
        {"what": f"peak memory at the preview, MB (file of {len(data) // 1_000_000} MB)", "seconds": preview_peak,
         "processor_s": ""},
        {"what": "peak memory in all, MB", "seconds": _peak(), "processor_s": ""},
    ]  # fmt: skip
    base = max(alone[0], 0.001)
    ratios = {
        "to the preview against reading alone": round(preview / base, 1),
        "loading against reading alone": round(loading[0] / base, 1),
    }
    return {"size": size, "rows": rows, "ratios": ratios}
