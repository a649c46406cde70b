"""The directory of the demonstration: an invented Isère, loaded as an agent would load a file."""

from __future__ import annotations

from importlib import resources

from entremise.kernel.actors import Actor
from entremise.referrals import usecases
from entremise.referrals.models import Service
from entremise.site.demo.account import Account

FILE = "demo_directory.json"
FULL = ("demo-isere--001", "demo-isere--016")
ROOM = ("demo-isere--002", "demo-isere--017", "demo-isere--021")


def directory() -> list[Account]:
    """The step: loads the shipped file where no service is known yet, and says who has room."""
    if not Service.objects.exists():
        machine = Actor.machine("démonstration")
        data = resources.files("entremise.referrals").joinpath("data", FILE).read_bytes()
        batch = usecases.receive_directory(machine, data=data, title="annuaire inventé de l’Isère", whole=True)
        usecases.load_directory(machine, batch=batch)
        for capacity, refs in (("full", FULL), ("available", ROOM)):
            for service in Service.objects.filter(ref__in=refs):
                usecases.set_capacity(machine, service=service, capacity=capacity)
    return []
