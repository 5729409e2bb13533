"""What ``nst fast`` does: pictures, folders and films painted in one pass, and networks trained to paint in new styles.

``applying`` says what is to be painted and paints it; ``steady`` keeps a film's paint from flickering; ``learning`` trains,
and loses nothing if it is stopped; ``photos`` is what it learns from.
"""
