"""The command ``nst``: one module per command; ``app`` puts them together.

Only what the help needs is imported at the top of these modules. torch takes seconds, so each command imports it itself.
"""

from nstlib.cli.app import app, main

__all__ = ["app", "main"]
