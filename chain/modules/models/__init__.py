"""Registered networks: their canonical headers, costs and cut points."""
