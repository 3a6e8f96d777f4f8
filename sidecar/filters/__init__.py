"""Predicates over rows: their algebra, and the backend's spellings of them. Pure functions."""
