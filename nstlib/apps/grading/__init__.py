"""Grading: what learners hand in is run behind walls, and judged by a process that never runs a line of it.

Three kinds of process take part. ``pool`` (the one that was started) finds submissions, keeps results and writes reports.
``judge``, one for each core, has the exercises and decides. ``hatchery``, one for each judge, forks a ``worker`` for each
exercise of each submission: only there a learner's lines run, and what it says is taken for data, never for a verdict.
"""
