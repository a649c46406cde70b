"""A call script: read, evaluated and shown. Processor time, since a call is answered on a machine that others use.

Targets (reference § 5.5): about 15 rows well under 1 ms; a page of 500 rows under 100 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SIZE = 200  # repetitions


def spent(deed: Callable[[], object], size: int) -> list[float]:
    """Sorted processor times in milliseconds, after one that does not count (expressions are read once a process)."""
    deed()
    durations = []
    for _ in range(size):
        start = time.process_time()
        deed()
        durations.append((time.process_time() - start) * 1000)
    return sorted(durations)


def chained(rows: int) -> dict[str, Any]:
    """A script where each question hangs on the one before and on the first: the worst shape for one pass."""
    items: list[dict[str, Any]] = [{"type": "select_one", "name": "q0", "label": {"fr": "Question 0"}, "list": "yn"}]
    for n in range(1, rows):
        relevant = f"${{q{n - 1}}} = 'oui' and not(${{q0}} = 'non')"
        items.append({**items[0], "name": f"q{n}", "label": {"fr": f"Après ${{q{n - 1}}}"}, "relevant": relevant})
    choices = [{"name": name, "label": {"fr": name}} for name in ("oui", "non")]
    return {"format": 1, "default_language": "fr", "languages": ["fr"], "items": items, "lists": {"yn": choices}}


def measure(size: int) -> dict[str, Any]:
    """The baseline is the same script evaluated with its expressions read again each time."""
    from zoneinfo import ZoneInfo

    from django.template.loader import render_to_string

    from entremise.kernel import clock
    from entremise.outreach.engine.xlsform import Model, evaluate, expressions
    from entremise.outreach.engine.xlsform.importing import understand
    from entremise.outreach.forms.scripts import blocks
    from entremise.outreach.usecases.scripts.importing import shipped

    zone, now = ZoneInfo("Europe/Paris"), clock.now()
    content = shipped("canicule")
    heat = understand(content).model
    if heat is None:
        raise RuntimeError("the shipped script does not read")
    heat_answers = {"etat": "difficile", "manque": "eau nuits", "signes": "tete crampes"}
    long = Model.from_json(chained(500))
    answers = {f"q{n}": "oui" for n in range(500)}

    def again() -> None:
        expressions.read.cache_clear()
        evaluate(long, answers, now, zone)

    def page() -> str:
        shown = blocks(evaluate(long, answers, now, zone))
        return str(
            render_to_string(
                "outreach/_script_questions.html", {"blocks": shown, "post": "/ici/", "kept": [], "names": ""}
            )
        )

    deeds = {
        f"canicule, {len(heat.items)} rows": lambda: evaluate(heat, heat_answers, now, zone),
        "500 rows, evaluated": lambda: evaluate(long, answers, now, zone),
        "500 rows, expressions read again": again,
        "500 rows, evaluated and shown": page,
        "canicule, file read and checked": lambda: understand(content),
    }
    rows, middle = [], {}
    for words, deed in deeds.items():
        durations = spent(deed, size if words.startswith(f"canicule, {len(heat.items)}") else size // 10 or 1)
        middle[words] = durations[len(durations) // 2]
        p95 = durations[int(len(durations) * 0.95)]
        rows.append({"what": words, "p50_ms": round(middle[words], 3), "p95_ms": round(p95, 3)})
    ratio = middle["500 rows, expressions read again"] / middle["500 rows, evaluated"]
    return {"size": size, "rows": rows, "ratios": {"evaluation with kept expressions": round(ratio, 1)}}
