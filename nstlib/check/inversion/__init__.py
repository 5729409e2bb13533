"""Exercises of the chapter on inversion."""
