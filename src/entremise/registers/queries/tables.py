"""The constant tables that the engine needs and may not read by itself: first names, communes, the starting model."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import tomllib
from functools import cache
from importlib import resources

from entremise.registers.engine.fields import Commune, Communes
from entremise.registers.engine.model import Model
from entremise.registers.engine.names import FirstNames, upper

DATA = resources.files("entremise.registers").joinpath("data")


@cache
def first_names() -> FirstNames:
    """Bearers by sex, from the public table, and the variants shipped with the package."""
    bearers: dict[str, tuple[int, int]] = {}
    for row in csv.DictReader(io.StringIO(gzip.decompress(DATA.joinpath("first_names.csv.gz").read_bytes()).decode())):
        number = sum(int(count) for decade, count in row.items() if decade.isdigit())
        name = upper(row["name"]).replace(" ", "")
        women, men = bearers.get(name, (0, 0))
        bearers[name] = (women + number, men) if row["sex"] == "F" else (women, men + number)
    listed = tomllib.loads(DATA.joinpath("variants.toml").read_text("utf-8"))
    return FirstNames(bearers, {variant: name for name, variants in listed.items() for variant in variants})


@cache
def communes() -> Communes:
    """Every commune and district of the shipped reference; a district folds into its commune."""
    packed = resources.files("entremise.territories").joinpath("data/territories.csv.gz").read_bytes()
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))
    return Communes(
        Commune(row["code"], row["name"], tuple(row["postcodes"].split()), row["parent"])
        for row in rows
        if row["kind"] in ("commune", "arrondissement")
    )


@cache
def commune_names() -> dict[str, str]:
    """INSEE code → name, districts included: to write a town as it is called."""
    packed = resources.files("entremise.territories").joinpath("data/territories.csv.gz").read_bytes()
    rows = csv.DictReader(io.StringIO(gzip.decompress(packed).decode()))
    return {row["code"]: row["name"] for row in rows if row["kind"] in ("commune", "arrondissement")}


@cache
def starting_model() -> Model:
    """The model for bases too small to learn from. ValueError if a byte of it changed: a model is code."""
    kept = json.loads(DATA.joinpath("model.json").read_text("utf-8"))
    model: Model = kept["model"]
    if hashlib.sha256(json.dumps(model, sort_keys=True).encode()).hexdigest() != kept["sha256"]:
        raise ValueError("Le modèle de départ livré a été modifié : réinstallez le paquet.")
    return model
