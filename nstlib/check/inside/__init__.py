"""Exercises of the chapter on inside."""
