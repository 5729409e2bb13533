"""From files to files: what ``nst stylize`` does besides the transfer itself, and how it never loses work.

A ``job`` says which picture to make. While it runs, a ``keeper`` puts the last image and a checkpoint on the disk again and
again; Ctrl-C and SIGTERM end it between two steps (``stopping``); a full disk does not end it.
"""
