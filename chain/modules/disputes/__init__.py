"""Disagreements, and the money they freeze."""
