"""Exercises of the chapter on frequency."""
