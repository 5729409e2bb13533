"""Exercises of the chapter on textures."""
