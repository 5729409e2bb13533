"""Exercises of the chapter on gram."""
