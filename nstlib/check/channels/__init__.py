"""Exercises of the chapter on channels."""
