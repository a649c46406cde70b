"""The life of a register, deed by deed."""
