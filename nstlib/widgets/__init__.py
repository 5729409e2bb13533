"""Explorers: controls that show what a layer sees, what a kernel answers, what a Gram matrix leaves out.

With a kernel (Jupyter, Colab) they are widgets. On the built page no kernel runs: there the same controls compute in the
browser, or move through frames that were computed when the book was built. The book's build says so by
``NST_STATIC_WIDGETS``.
"""

from nstlib.widgets.common_phase import explore_common_phase
from nstlib.widgets.deconvnet import explore_deconvnet
from nstlib.widgets.frequencies import explore_frequencies
from nstlib.widgets.gram_shuffle import explore_gram_shuffle
from nstlib.widgets.inversion import explore_inversion
from nstlib.widgets.kernels import explore_kernels
from nstlib.widgets.layers import explore_layers
from nstlib.widgets.losses import explore_losses
from nstlib.widgets.occlusion import explore_occlusion
from nstlib.widgets.one_pass import explore_one_pass
from nstlib.widgets.optimization import explore_optimization
from nstlib.widgets.patches import explore_patches
from nstlib.widgets.pixels import explore_pixels
from nstlib.widgets.receptive_field import explore_receptive_field
from nstlib.widgets.tradeoffs import explore_tradeoffs
from nstlib.widgets.training import explore_training
from nstlib.widgets.transfer import explore_transfer

__all__ = [
    "explore_common_phase",
    "explore_deconvnet",
    "explore_frequencies",
    "explore_gram_shuffle",
    "explore_inversion",
    "explore_kernels",
    "explore_layers",
    "explore_losses",
    "explore_occlusion",
    "explore_one_pass",
    "explore_optimization",
    "explore_patches",
    "explore_pixels",
    "explore_receptive_field",
    "explore_tradeoffs",
    "explore_training",
    "explore_transfer",
]
