"""Exercises of the chapter on the capstone."""
