"""The rules of the dispute game: pure functions that narrow a difference down to one arithmetic step.

shape      what a unit consists of: sections, items, operators, tiles, and how many of each
reads      which values a step may read, and their paths to what the asserter committed to
steps      one step, recomputed by the referee from opened values
line       one line of a dispute: reveals, choices, proof, verdict
"""
