"""Exercises of the chapter on evaluation."""
