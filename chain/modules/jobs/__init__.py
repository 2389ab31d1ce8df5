"""Jobs and units: escrow, results, settlement."""
