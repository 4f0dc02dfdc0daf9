"""Sizes of what the network sees of a node (inference.deepene, pure).

Apart from the network, so that nodes can be prepared where torch is not loaded.
"""

STREAMS, SLICES, IN_PLANE = 2, 9, 60
GROUPS = 3
"""The nine slices are three groups of three neighbouring slices, the channels of a backbone."""

INPUT_SHAPE = (1, STREAMS, SLICES, IN_PLANE, IN_PLANE)
"""Shape of one node's network input: singleton, stream, slice, y, x."""
