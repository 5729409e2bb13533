"""Exercises of the chapter on occlusion."""
