"""`ostrakad`: run a node, hold keys, send transactions, read and prove state."""
