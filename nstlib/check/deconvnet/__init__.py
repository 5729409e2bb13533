"""Exercises of the chapter on deconvnet."""
