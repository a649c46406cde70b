"""Reads of the registers."""

from __future__ import annotations

from entremise.registers.queries.tables import communes, first_names, starting_model

__all__ = ["communes", "first_names", "starting_model"]
