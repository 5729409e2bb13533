"""Methods side by side: a small study with pictures, every content in every style, and a page to judge them by.

``pairs`` makes what is missing in a comparison's folder, ``page`` shows what is there. What is run and how it is measured
is said as in ``nstlib.apps.study``.
"""
