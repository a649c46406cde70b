"""The algorithms of the registers, in plain Python: cleaning, linkage, grouping, score.

Nothing here imports Django, opens a file, or knows a key: what is needed from a file (first names, communes) is an
argument, read by `registers.queries.tables`. Values of persons exist in memory only, for the time of a call.
"""
