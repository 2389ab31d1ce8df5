"""The Ostraka node: a replicated state machine in pure integers, and what serves it."""
