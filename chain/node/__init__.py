"""One node's processes: its home, CometBFT and the supervisor of both."""
