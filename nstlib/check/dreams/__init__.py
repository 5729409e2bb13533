"""Exercises of the chapter on dreams."""
