"""Pure functions over bytes: hashes, keys, trees, proofs."""
