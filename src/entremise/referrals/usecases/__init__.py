from entremise.referrals.usecases.difficulties import judge_difficulty, note_difficulty
from entremise.referrals.usecases.directory import (
    AlreadySettled,
    report_service,
    set_capacity,
    set_need_themes,
    settle_report,
    verify_service,
)
from entremise.referrals.usecases.importing import AlreadyLoaded, load_directory, receive_directory, start_directory
from entremise.referrals.usecases.installing import install_register

__all__ = [
    "AlreadyLoaded", "AlreadySettled", "install_register", "judge_difficulty", "load_directory", "note_difficulty",
    "receive_directory", "report_service", "set_capacity", "set_need_themes", "settle_report", "start_directory",
    "verify_service",
]  # fmt: skip
