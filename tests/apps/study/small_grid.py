"""A grid of 16 runs on a random network, each a tenth of a second long."""

TINY = """\
contents = ["cat", "coffee"]
styles = ["woodcut", "mosaic"]
methods = ["classic", "dual"]
style_weights = [10, 3]
network = "tiny"
size = 48
steps = 2
"""
