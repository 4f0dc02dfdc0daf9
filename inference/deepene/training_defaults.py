"""The published training of DeepENE, and our choice where it is silent (inference.deepene, pure).

What the public configuration and code say, what we do by default, and why:

=======================  ================================  ==========================  ===========
choice                   public code                       our default                 reason
=======================  ================================  ==========================  ===========
batch size               not published                     16                          [1]_
learning rate            0.01 / 64 x batch size, constant  the same                    published
warm-up                  very first step at 0              1 step                      published
optimiser                Adam, torch's defaults            the same                    published
weight decay             L2 5e-4 on weights of             the same                    published
                         convolutions and linear layers
epochs                   300, evaluated every 5            the same                    published
kept weights             last evaluation epoch             last epoch, evaluated       [2]_
batch-norm momentum      0.01                              the same                    published
initial weights          ImageNet-1k backbones             from a seed, Kaiming        [3]_
sampler                  endless, shuffled, seed 0         every node once an epoch,   [4]_
                                                           order from the seed
inner split              seeded 4-fold split of files      4 folds of patients         [5]_
augmentation             see `augmentation`                the same                    published
class weights, focal     none                              none                        published
mixed precision          optional                          none                        [6]_
=======================  ================================  ==========================  ===========

.. [1] The rate's reference is 64 nodes; 16 fit a small machine, and the rate follows by the rule.
.. [2] 300 is a multiple of 5, so the two agree; for other numbers of epochs the last is evaluated.
.. [3] Those weights are not part of this software; `training.initialise` says what takes their
       place. Results from scratch are expected to need more nodes or epochs.
.. [4] The same number of steps, ceil(nodes / batch size). The endless sampler lets batches reach
       across epochs; starting each epoch afresh makes an epoch the unit of resuming.
.. [5] Nodes of one patient are alike; a split by files would let them be on both sides.
.. [6] Bits repeat on a CPU in float32.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

REFERENCE_LEARNING_RATE, REFERENCE_BATCH = 0.01, 64
BATCH_SIZE = 16

TRAINING_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "batch_size": BATCH_SIZE,
        "learning_rate": REFERENCE_LEARNING_RATE / REFERENCE_BATCH * BATCH_SIZE,
        "weight_decay": 5e-4,
        "epochs": 300,
        "evaluate_every": 5,
        "batch_norm_momentum": 0.01,
        "warm_up_steps": 1,
    }
)
