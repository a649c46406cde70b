"""Invented French registers, with the truth: for tests, benchmarks and the demonstration.

Names from public frequency tables, real communes, authored streets, every draw seeded. It imports nothing of
`registers.engine`, and whoever writes an error here does not look at the rule that repairs it. Rates of each error
class, by register: `rates.toml`. One generator is an order of magnitude, no promise on real files.
"""

from __future__ import annotations

from entremise.site.invention.errors import CLASSES, Truth
from entremise.site.invention.population import Household, Person, Population, Town
from entremise.site.invention.registers import PROFILES, Record, records, write_files

__all__ = [
    "CLASSES",
    "PROFILES",
    "Household",
    "Person",
    "Population",
    "Record",
    "Town",
    "Truth",
    "records",
    "write_files",
]
