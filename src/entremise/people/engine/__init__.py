"""Plain Python: how people write their telephone and their e-mail address."""
