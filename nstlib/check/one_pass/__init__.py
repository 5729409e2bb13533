"""Exercises of the chapter on one pass."""
