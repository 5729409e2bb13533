"""Exercises of the chapter on features."""
