"""Exercises of the chapter on dual channel."""
