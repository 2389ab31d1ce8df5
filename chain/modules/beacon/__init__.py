"""Public randomness from the proposers' VRFs."""
