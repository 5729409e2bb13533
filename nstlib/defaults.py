"""Numbers and names of choices that the command and the library share. Nothing is imported: help is printed at once."""

# What an option can be; the first one is taken unless another is asked for.
NETWORKS = ("vgg16", "vgg19", "vgg19-torchvision", "tiny")
POOLINGS = ("max", "average")
METHODS = ("classic", "lapstyle", "dual", "luminance")
OPTIMIZERS = ("lbfgs", "adam", "gd")
INITS = ("content", "noise", "mixed")
COLORS = ("style", "luminance", "covariance", "histogram")

# A style transfer.
CONTENT_WEIGHT = 1.0
STYLE_WEIGHT = 10.0
# Cat on sandstone and fluid, 192 px, 60 steps: a weight of 1 lowers total variation by a sixth and costs neither content
# nor style 2 %; what goes is pixel noise that no style layer asked for.
TV_WEIGHT = 1.0
STEPS = 100
QUALITIES = {"draft": (192, 40), "normal": (256, 100), "best": (512, 250)}  # longer side in pixels, and steps

# Many of them, measured: small pictures, and the least side that relu5_1 can look at.
MEASURED_SIZE = 128
SMALLEST_SIZE = 16

# A dream.
DREAM_LAYER = "relu4_3"
OCTAVES = 4
ITERATIONS = 10

GIGABYTE = 1e9
