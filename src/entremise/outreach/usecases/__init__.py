from entremise.outreach.usecases.campaigns.filling import fill_tasks
from entremise.outreach.usecases.installing import install_register

__all__ = ["fill_tasks", "install_register"]
