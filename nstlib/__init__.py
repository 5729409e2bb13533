"""The reference library of the course: one module per idea, named after the chapter that explains it; packages below them.

=====================  ===========================================================================
``images``             an image is a tensor: loading, saving, resizing                (chapter on images)
``colors``             whose colors a result has: the content's or the style's       (chapter on control)
``weights``            where the pretrained networks come from, and how they are verified
``filters``            convolution by hand: blur, edges                               (chapter on convolution)
``receptive``          which pixels a unit sees, in closed form                       (chapter on convolution)
``features``           VGG: what each layer sees                                      (chapter on features)
``deconvnet``          what one unit looks for: projections back to the pixels        (chapter on deconvnets)
``top_patches``        the patches of many pictures at which a unit fires most        (chapter on deconvnets)
``occlusion``          what a score loses when a square of the picture is covered     (chapter on deconvnets)
``patches``            a small labeled data set from the course's pictures            (chapter on training)
``training``           features while they come to be                                 (chapter on training)
``filter_measures``    filters by their spectra, drift and what they answer           (chapter on training)
``inversion``          images reconstructed from features                             (chapter on inversion)
``gram``               style as correlations between channels                         (chapter on Gram matrices)
``textures``           textures from noise, and four statistics of them               (chapter on textures)
``losses``             content, style and total variation                             (chapter on losses)
``terms``              what is asked for: quantities, views, terms                    (chapters on losses, dual channels)
``objective``          how far an image is from that: a sum of terms                  (chapters on losses, transfer)
``optimizers``         how the pixels move
``lbfgs``              L-BFGS with a step length for each band of frequencies
``transfer``           optimizing the pixels: neural style transfer                   (chapter on transfer)
``frequency``          what is fine and what is coarse: bands, spectra                (chapter on frequencies)
``dual``               content and style asked for in different channels              (chapter on dual channels)
``channels``           which channels follow the scene, and which the style           (chapter on dual channels)
``latent``             a map of the spaces that the losses measure                    (chapter on dual channels)
``metrics``            how good a result is, and how sure one can be of it            (chapter on evaluation)
``analysis``           many transfers, compared at the same style, pair by pair       (chapter on evaluation)
``parameterizations``  which numbers make up an image: pixels or waves                (chapter on dreams)
``transformations``    small changes that a pattern must survive                      (chapter on dreams)
``visualization``      what a unit wants to see, from noise                           (chapter on dreams)
``dream``              what a layer sees in a photo, made stronger: DeepDream         (chapter on dreams)
``moments``            a style's mean, deviation and covariance, set in closed form    (chapter on one pass)
``one_pass``           a network that paints in one pass, and its training           (chapter on one pass)
``vgg``                an architecture without weights: names, channels, sizes
``figures``            every plot of the book (the only package that draws)
``seeds``              none means a fixed seed
``defaults``           numbers and names of choices, known without torch
``course``             where the repository's folders are
``doors``, ``facts``    what every function needs, told where it is entered
``wording``            the words of their messages
``errors``             what is raised, and what it tells you
``kernels``            fast arithmetic: products, frozen convolutions, Gram sums      (chapter on the engine)
``engine``             long and large runs: levels, resuming, strips, memory, cost    (chapter on the engine)
``formats``            bytes on disks: pictures, animations, downloads
``apps``               from files to files: painting, comparing, studies, cards, the local explorer
``cli``                the command ``nst``
``check``              the exercises, their hints, and what decides them: a file an exercise
``widgets``            explorers, a folder each
=====================  ===========================================================================

Import from the module that holds the idea: ``from nstlib.gram import gram_matrix`` tells the reader which file to open.
"""

__version__ = "0.1.0"
