"""The reference library of the course: one module per idea, named after the chapter that explains it; packages below them.

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
``terms``              what is asked for: quantities, views, terms                    (chapters 09, 12)
``objective``          how far an image is from that: a sum of terms                  (chapters 09, 10)
``optimizers``         how the pixels move
``lbfgs``              L-BFGS with a step length for each band of frequencies
``transfer``           optimizing the pixels: neural style transfer                   (chapter 10)
``frequency``          what is fine and what is coarse: bands, spectra                (chapter 11)
``dual``               content and style asked for in different channels              (chapter 12)
``channels``           which channels follow the scene, and which the style           (chapter 12)
``latent``             a map of the spaces that the losses measure                    (chapter 12)
``metrics``            how good a result is, and how sure one can be of it            (chapter 13)
``analysis``           many transfers, compared at the same style, pair by pair       (chapter 13)
``parameterizations``  which numbers make up an image: pixels or waves                (chapter 14)
``transformations``    small changes that a pattern must survive                      (chapter 14)
``visualization``      what a unit wants to see, from noise                           (chapter 14)
``dream``              what a layer sees in a photo, made stronger: DeepDream         (chapter 14)
``vgg``                an architecture without weights: names, channels, sizes
``figures``            every plot of the book (the only package that draws)
``scales``, ``seeds``  small rules that many follow: "or one where zero", "none means a fixed seed"
``defaults``           numbers and names of choices, known without torch
``course``             where the repository's folders are
``doors``, ``facts``   what every function needs, told where it is entered
``errors``             what is raised, and what it tells you
``kernels``            fast arithmetic: products, frozen convolutions, Gram sums      (chapter 15)
``engine``             long and large runs: levels, resuming, strips, memory, cost    (chapter 15)
``formats``            bytes on disks: pictures, animations, downloads
``apps``               from files to files: painting, comparing, studies, the local explorer
``cli``                the command ``nst``
``check``              the exercises, their hints, and what decides them: a file an exercise
``widgets``            explorers, a folder each
=====================  ===========================================================================

Import from the module that holds the idea: ``from nstlib.gram import gram_matrix`` tells the reader which file to open.
"""

__version__ = "0.1.0"
