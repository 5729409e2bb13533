"""Exercises of the chapter on convolution."""
