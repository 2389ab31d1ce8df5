"""Constants of numeric version 1 ("W8A15"): 8-bit weights, 15-bit activations, integers everywhere.

Values are fixed point with `FRACTION` fraction bits unless a name says otherwise. `>>` is the arithmetic shift,
`rsh(x, s) = (x + 2^(s-1)) >> s` rounds half up, and `rsh(x, 0) = x`.
"""

NUMERIC_VERSION = 1
"""W8A15 v1.1."""
TRACE_VERSION = 1
"""Layout of rows, sections and operators."""
FRACTION = 16
"""F: fraction bits of residuals and outputs of linear maps."""
QUANT = 127 * 128 + 63
"""Q = 16319: largest magnitude of a quantised activation, so that it splits into two 7-bit digits."""
QUANT_BITS = 46
"""A row is quantised as a = (y·R + 2^45) >> 46 with R = (Q << 46) // max|y|."""
LINEAR_LIMIT = (1 << 31) - 1
"""Every linear map clamps its outputs to ±LINEAR_LIMIT."""
RESIDUAL_LIMIT = (1 << 40) - 1
"""Residuals are clamped to ±RESIDUAL_LIMIT."""
QUERY_LIMIT = (1 << 24) - 1
"""Queries and keys are clamped to ±QUERY_LIMIT after rotation."""
SCORE_LIMIT = 1 << 29
"""Scores (log2 with 12 fraction bits) are clamped to ±SCORE_LIMIT."""
ROPE_BITS = 15
"""Fraction bits of the rotary tables."""
BLOCK = 64
"""Values of a row that share one shift."""
TILE = 1024
"""Values of a row tile."""
MAX_SHIFT = 25
"""Largest shift of a canonical row."""
ROW_LIMIT = 32767
"""Largest magnitude of a row value."""
EXP2_STEPS = 4096
"""Table steps of one octave."""
PROBABILITY_BITS = 15
"""Fraction bits of attention weights before normalisation."""
GAIN_LIMIT = 1 << 14
"""Norm gains are smaller in magnitude."""
TABLE_LIMIT = 1 << 15
"""Cosines and sines of the rotary table have 15 fraction bits."""
MANTISSA_LIMIT = 1 << 15
"""Mantissas of linear maps are smaller."""
EMBEDDING_MANTISSA_LIMIT = 1 << 16
"""Mantissas of embeddings are smaller."""
MAX_SHIFTS = 62
"""s1 + s2 of a linear map is at most this."""
MAX_POSITIONS = 65536
"""Positions of one job."""
