"""The referee: every operator of the canonical model in plain integers, one small step at a time.

It decides the last step of a dispute, so it shares nothing with the workers' engine but the specification: each
function recomputes one record from the records that the step may read. Arguments are Python integers and sequences of
them; a value that breaks its format raises `BadRecord`, and whoever committed it is guilty.

    arithmetic   rounding shift, clamps, quantisation
    tables       EXP2 and SIG, hash-checked
    records      bytes of every operator's output
    norms        M, S, A: the steps of NORM and QUANT
    linear       LIN: one output of a linear map
    attention    K and V rows, QR, Z, W, O
    residual     embedding, R, U, boundary rows
    logits       G, the sampler's scans and its choice
"""
