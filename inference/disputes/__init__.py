"""A party's side of disputes: what a worker regenerates from its unit's input, and the moves that follow from it.

model     leaves of the canonical model, for openings
archive   every commitment of one unit, down to single values, regenerated on demand
prover    openings of a step's reads
moves     the next move of either side
faults    a testing aid: units that are wrong in one tile and consistent after it
"""
