from entremise.outreach.usecases.installing import install_register

__all__ = ["install_register"]
