"""A study: many transfers, measured, so that claims about methods can fail (chapter on evaluation).

``grid`` says what is to be run, ``measure`` runs one transfer and measures its result, ``results`` keeps the rows in one
CSV file, ``workers`` computes what is missing in it, here or on other machines, ``analysis`` compares methods at the same
style, and ``report`` writes tables and figures.
"""
