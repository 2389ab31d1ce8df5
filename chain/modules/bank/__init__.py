"""Balances and supply."""
