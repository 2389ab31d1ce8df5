"""A whole network on one machine: people, the demo and the end-to-end tests use the same code."""
