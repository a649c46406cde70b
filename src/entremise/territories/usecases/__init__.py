"""What changes in territories: the reference, the face of the instance, answers of the geocoder."""

from entremise.territories.usecases.places import LOCATED, AddressNotSent, NoPlace, Place, chosen, locate
from entremise.territories.usecases.reference import LOADED, UnknownDepartment, load_reference
from entremise.territories.usecases.theme import THEMED, LogoRefused, set_theme

__all__ = [
    "LOADED",
    "LOCATED",
    "THEMED",
    "AddressNotSent",
    "LogoRefused",
    "NoPlace",
    "Place",
    "UnknownDepartment",
    "chosen",
    "load_reference",
    "locate",
    "set_theme",
]
