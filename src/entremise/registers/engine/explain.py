"""Why a pair was proposed: in French words, and as the steps of a waterfall. No value of a person in either.

Reading pages show the words; weights are for who tunes the model: shown to a reader they would anchor the answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log2

from entremise.registers.engine.model import Model
from entremise.registers.engine.outcomes import Pair

COMPARISONS = ("given", "surname", "birth", "place")
LABELS = {"given": "prénom", "surname": "nom", "birth": "date de naissance", "place": "téléphone et adresse"}
WORDS = {
    "given": {
        "Exact match on given": "même prénom",
        "Exact match on given1": "même premier prénom",
        "variant, or one in common": "prénom en commun ou diminutif",
        "swapped": "nom et prénom inversés",
        "sounds alike": "prénoms de même son",
        "spelt almost alike": "prénoms presque identiques",
        "spelt near": "prénoms voisins",
        "initial or short form": "initiale ou prénom abrégé",
        "else": "prénoms différents",
        "missing": "prénom absent",
    },
    "surname": {
        "Exact match on surname": "même nom",
        "one in common": "nom en commun (naissance ou usage)",
        "swapped": "nom et prénom inversés",
        "sounds alike": "noms de même son",
        "spelt almost alike": "noms presque identiques",
        "else": "noms différents",
        "missing": "nom absent",
    },
    "birth": {
        "same date": "même date de naissance",
        "day and month swapped": "jour et mois inversés",
        "one digit differs": "dates de naissance à un chiffre près",
        "near year, or only the year known": "année voisine, ou seule connue",
        "same year": "même année de naissance",
        "else": "dates de naissance différentes",
        "missing": "date de naissance absente",
    },
    "place": {
        "phone and address": "même téléphone et même adresse",
        "phone": "même téléphone",
        "address": "même adresse",
        "address nearly": "adresses presque identiques",
        "phone, one digit differs": "téléphones à un chiffre près",
        "same street": "même rue",
        "same commune": "même commune",
        "else": "ni téléphone ni commune en commun",
        "missing": "téléphone et adresse absents",
    },
}
GUARDS = {
    "given_missing": "prénom absent",
    "given_differs": "prénoms différents",
    "birth_differs": "dates de naissance incompatibles",
    "sex_differs": "sexes différents",
    "twins_possible": "jumeaux possibles",
    "namesakes_possible": "homonymes possibles",
}
REFUSALS = {
    "torn": "liée aussi fort à deux personnes qui ne peuvent en être une",
    "incompatible_members": "le groupe réunirait des dates de naissance incompatibles",
    "cannot_link": "une lectrice ou un lecteur les a séparées",
    "two_known_persons": "réunirait deux personnes déjà connues",
    "contradictory_decisions": "des décisions se contredisent",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: `weight` in log₂ of odds, from `start` to `end`."""

    label: str
    weight: float
    start: float
    end: float


def levels(model: Model) -> dict[str, dict[int, tuple[str, float]]]:
    """{comparison: {gamma code: (label, weight)}}: the first true level has the highest code, else 0, missing −1."""
    found: dict[str, dict[int, tuple[str, float]]] = {}
    for comparison in model["comparisons"]:
        kept = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        here: dict[int, tuple[str, float]] = {-1: ("missing", 0.0)}
        for code, level in zip(range(len(kept) - 1, -1, -1), kept, strict=True):
            label = "else" if code == 0 else level["label_for_charts"]
            here[code] = (label, log2(level["m_probability"] / level["u_probability"]))
        found[comparison["output_column_name"]] = here
    return found


def words(model: Model, pair: Pair) -> str:
    """`Attention : sexes différents. Même téléphone et même adresse ; nom en commun ; jour et mois inversés.`

    Guards first; then what brings the records together, strongest first, then what sets them apart.
    """
    known = levels(model)
    said = sorted(
        (known[name][code] + (WORDS[name],) for name, code in zip(COMPARISONS, pair.levels, strict=True)),
        key=lambda item: -item[1],
    )
    facts = list(dict.fromkeys(table[label] for label, _, table in said))
    text = " ; ".join(facts).replace(" ;", "\u00a0;")
    text = text[0].upper() + text[1:] + "."
    if pair.guards:
        text = f"Attention\u00a0: {', '.join(GUARDS[guard] for guard in pair.guards)}. {text}"
    return text


def waterfall(model: Model, pair: Pair) -> list[Step]:
    """From the prior to the weight of the pair: six bars, the last of which, the total, is that weight (± 10⁻⁶)."""
    prior = model["probability_two_random_records_match"]
    known = levels(model)
    steps = [("avant de comparer", log2(prior / (1 - prior)))]
    for name, code in zip(COMPARISONS, pair.levels, strict=True):
        label, weight = known[name][code]
        steps.append((f"{LABELS[name]}\u00a0: {WORDS[name][label]}", weight))
    bars, at = [], 0.0
    for label, weight in steps:
        bars.append(Step(label, weight, at, at + weight))
        at += weight
    return [*bars, Step("total", at, 0.0, at)]


def refusals(reasons: Iterable[str]) -> list[str]:
    """Why grouping refused an automatic pair, in French."""
    return [REFUSALS[reason] for reason in reasons]
