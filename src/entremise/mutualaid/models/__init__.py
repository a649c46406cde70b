from entremise.mutualaid.models.doors import Knock
from entremise.mutualaid.models.helpers import HELPER_LIFE, HelperIndex, HelperProfile
from entremise.mutualaid.models.matching import (
    MATCH_LIFE,
    PROPOSAL_LIFE,
    ContactRelease,
    Feedback,
    Match,
    Proposal,
)
from entremise.mutualaid.models.needs import NEED_LIFE, Category, Need
from entremise.mutualaid.models.sheets import SHEET_LIFE, SheetImport, SheetMapping, SheetRow

__all__ = [
    "HELPER_LIFE",
    "MATCH_LIFE",
    "NEED_LIFE",
    "PROPOSAL_LIFE",
    "SHEET_LIFE",
    "Category",
    "ContactRelease",
    "Feedback",
    "HelperIndex",
    "HelperProfile",
    "Knock",
    "Match",
    "Need",
    "Proposal",
    "SheetImport",
    "SheetMapping",
    "SheetRow",
]
