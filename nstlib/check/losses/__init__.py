"""Exercises of the chapter on losses."""
