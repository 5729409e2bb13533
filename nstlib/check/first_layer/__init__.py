"""Exercises of the chapter on first layer."""
