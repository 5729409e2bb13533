"""Exercises of the chapter on waves."""
