from entremise.referrals.usecases.difficulties import judge_difficulty, note_difficulty
from entremise.referrals.usecases.installing import install_register

__all__ = ["install_register", "judge_difficulty", "note_difficulty"]
