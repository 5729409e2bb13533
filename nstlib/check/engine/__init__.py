"""Exercises of the chapter on engine."""
