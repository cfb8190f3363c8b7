"""JSEG: regions of colour and texture, without training (Deng and Manjunath 2001).

quantise    a picture in a few colours: the class map
jvalues     J, globally and around each pixel
grow        valleys of J as seeds, and regions grown from them, at several scales
merge       neighbours with like colours
segmenter   the regions as soft masks, by name
shown       the regions to look at
"""
