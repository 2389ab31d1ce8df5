"""Canonical integers: constants, tables, exact matrix kernels and their self-test."""
