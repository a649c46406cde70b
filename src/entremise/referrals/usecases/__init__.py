from entremise.referrals.usecases.difficulties import note_difficulty
from entremise.referrals.usecases.installing import install_register

__all__ = ["install_register", "note_difficulty"]
