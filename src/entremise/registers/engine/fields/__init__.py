"""Typed cleaning of one cell: what it says, and what is wrong with it, in codes; never an exception on any text."""

from __future__ import annotations

from entremise.registers.engine.fields.addresses import Address, address
from entremise.registers.engine.fields.communes import Commune, Communes, Found
from entremise.registers.engine.fields.dates import BirthDate, birth_date
from entremise.registers.engine.fields.numbers import looks_like_nir, refuses_column
from entremise.registers.engine.fields.phones import phones

__all__ = [
    "Address",
    "BirthDate",
    "Commune",
    "Communes",
    "Found",
    "address",
    "birth_date",
    "looks_like_nir",
    "phones",
    "refuses_column",
]
