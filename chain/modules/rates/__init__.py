"""Rates, bonds and prices: pure formulas and their parameters."""
