"""The supervisor's board at the size of Seine-Saint-Denis: 50,000 tasks and 55,000 attempts, page rendered whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

SIZE = 50_000  # persons


def measure(size: int) -> dict[str, Any]:
    """The baseline is the barest question on the same table: how many tasks in each state."""
    from django.db.models import Count
    from django.test import Client
    from django.urls import reverse

    from benchmarks.rules import timed
    from entremise.kernel import clock
    from entremise.kernel.actors import Actor
    from entremise.outreach.models import CallCampaign, CallTask
    from entremise.outreach.queries import board, kpis
    from entremise.rules.usecases import install_rules
    from entremise.site.invention.campaign import invent
    from tests.accounts.factories import agent

    install_rules(Actor.machine("bench"))
    supervisor, callers = agent("supervisor"), [agent("caller").pk for _ in range(60)]
    now = clock.now()
    campaign = CallCampaign.objects.create(
        label="Banc", purpose="outreach.call", state="open", opened_at=now - timedelta(days=73),
        hours={str(day): [["00:00", "23:59"]] for day in range(7)}, holidays_open=True,
    )  # fmt: skip
    invent(
        campaign, persons=size, calls_made=round(size * 1.1), callers=callers, start=now - timedelta(days=73), now=now
    )
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(supervisor)
    page = reverse("outreach:board", args=[campaign.public_id])

    def show() -> None:
        answer = client.get(page)
        assert answer.status_code == 200, answer.status_code  # noqa: S101

    deeds = {
        "bare count by state": lambda: list(
            CallTask.objects.filter(campaign=campaign).order_by().values("state").annotate(n=Count("pk"))
        ),
        "buckets": lambda: board.counts(campaign, now, board.callers_there(campaign, now)),
        "figures": lambda: kpis.kpis(campaign),
        "the whole page": show,
    }
    rows, middle = [], {}
    for words, deed in deeds.items():
        durations = timed(deed, 20)
        middle[words] = durations[len(durations) // 2]
        p95 = durations[int(len(durations) * 0.95)]
        rows.append({"what": words, "p50_ms": round(middle[words], 1), "p95_ms": round(p95, 1)})
    bare = middle["bare count by state"]
    return {
        "size": size,
        "rows": rows,
        "ratios": {"the whole page against a bare count": round(middle["the whole page"] / bare, 1)},
    }
