"""Masks, ranking and search order of Entraide: plain Python, property-tested."""
