"""The reference library of the course: one module per idea, named after the chapter that explains it.

=====================  ===========================================================================
``images``             an image is a tensor: loading, saving, resizing                (chapter 01)
``colors``             whose colors a result has: the content's or the style's
``weights``            where the pretrained networks come from, and how they are verified
``filters``            convolution by hand: blur, edges                               (chapter 02)
``receptive``          which pixels a unit sees, in closed form                       (chapter 02)
``features``           VGG: what each layer sees                                      (chapter 03)
``deconvnet``          what one unit looks for: projections back to the pixels        (chapter 04)
``top_patches``        the patches of many pictures at which a unit fires most        (chapter 04)
``occlusion``          what a score loses when a square of the picture is covered     (chapter 04)
``patches``            a small labeled data set from the course's pictures            (chapter 05)
``training``           features while they come to be                                 (chapter 05)
``filter_measures``    filters by their spectra, drift and what they answer           (chapter 05)
``inversion``          images reconstructed from features                             (chapter 06)
``gram``               style as correlations between channels                         (chapter 07)
``textures``           textures from noise, and four statistics of them               (chapter 08)
``losses``             content, style and total variation                             (chapter 09)
``objective``          what a transfer lowers: goals, styles, regions
``optimizers``         how the pixels move
``lbfgs``              L-BFGS with a step length for each band of frequencies
``transfer``           optimizing the pixels: neural style transfer                   (chapter 10)
``frequency``          what is fine and what is coarse: bands, spectra                (chapter 11)
``dual``               content and style asked for in different channels              (chapter 12)
``channels``           which channels follow the scene, and which the style           (chapter 12)
``latent``             a map of the spaces that the losses measure                    (chapter 12)
``metrics``            how good a result is, and how sure one can be of it            (chapter 13)
``parameterizations``  which numbers make up an image: pixels or waves                (chapter 14)
``transformations``    small changes that a pattern must survive                      (chapter 14)
``visualization``      what a unit wants to see, from noise                           (chapter 14)
``dream``              what a layer sees in a photo, made stronger: DeepDream         (chapter 14)
``cost``               how many operations a network takes, before it is run          (chapter 15)
``convolutions``       3 x 3 convolutions with frozen kernels, laid out once          (chapter 15)
``winograd``           3 x 3 convolutions with a quarter of the multiplications       (chapter 15)
``im2col``             a convolution as one product, for maps of few positions        (chapter 15)
``products``           products of matrices by the faster of two libraries           (chapter 15)
``tiles``              any size in bounded memory, exactly                            (chapter 15)
``memory``             what a transfer will need, before it runs                      (chapter 15)
``allocation``         what becomes of memory that is free again                      (chapter 15)
``study``              many transfers, measured and compared at the same style        (chapter 13)
``comparison``         methods side by side: many pairs, tables, bands
``contact_sheet``      the page of a comparison
``checkpoint``         a run on the disk, to be continued
``jobs``               from files to files: what ``nst stylize`` does
``figures``            every plot of the book (the only module that draws)
``check``              the exercises, their hints, and what decides them
``widgets``            explorers
``cli``                the command ``nst``
``animation``          the steps of a transfer as a GIF or MP4
``decoding``           what a picture file holds: colors in sRGB, and opacity
``profiles``           from a picture's color profile to sRGB
``files``              a file is replaced as a whole or not at all
``errors``             what is raised, and what it tells you
=====================  ===========================================================================

Import from the module that holds the idea: ``from nstlib.gram import gram_matrix`` tells the reader which file to open.
"""

__version__ = "0.1.0"
