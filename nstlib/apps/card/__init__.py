"""A figure card: one picture, what it was made of and by, what was predicted, and what it does not show.

A ``recipe`` is a TOML file that a person fills in (``template``). ``making`` runs it: the picture, and the curve that it
lies on. ``drawing`` sets the card, a PNG; a ``record``, the JSON beside it, holds all that the same pixels are made from
again, pictures too.
"""
