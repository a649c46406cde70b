"""The pages of rights: `mydata` for the person, without account; `desk` for the rights desk."""
