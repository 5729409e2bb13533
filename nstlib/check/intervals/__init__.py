"""Exercises of the chapter on intervals."""
