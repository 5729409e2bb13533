"""Exercises of the chapter on control."""
