"""The reference library of the course: one module per idea, named after the chapter that explains it.

=============  =====================================================================
``images``     an image is a tensor: loading, saving, resizing
``weights``    where the pretrained networks come from, and how they are verified
``receptive``  which pixels a unit sees, in closed form                (chapter 02)
``features``   VGG: what each layer sees                               (chapter 03)
``deconvnet``  what one unit looks for: projections, strongest patches (chapter 04)
``winograd``   3 x 3 convolutions with a quarter of the multiplications
``gram``       style as correlations between channels                  (chapter 07)
``losses``     content, style and total variation                      (chapter 09)
``transfer``   optimizing the pixels: neural style transfer            (chapter 10)
``figures``    every plot of the book (the only module that draws)
``check``      the exercises, their hints, and what decides them
``widgets``    explorers
``cli``        the command ``nst``
``errors``     what is raised, and what it tells you
=============  =====================================================================

Import from the module that holds the idea: ``from nstlib.gram import gram_matrix`` tells the reader which file to open.
"""

__version__ = "0.1.0"
