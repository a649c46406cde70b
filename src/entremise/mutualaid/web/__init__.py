"""The pages of Entraide: `public` for who has no account, `desk` for agents, `sheets` for tables in and out."""
