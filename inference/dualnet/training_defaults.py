"""DualNet's training: what is published, and our choice where it is not (inference.dualnet, pure).

The training script is not published. What the model file, its callbacks and the name of the run
folder (``..._0.001b16w1.0sigmoid_...``) show, what we do by default, and why:

=====================  ===================================  ==========================  ===========
choice                 published                            our default                 reason
=====================  ===================================  ==========================  ===========
batch size             16, by the folder's name             16                          published
loss                   binary cross-entropy, two sigmoid    their sum, of both logits   [1]_
                       outputs per node
optimiser              not said                             Adam                        [2]_
learning rate          perhaps 0.001, by the name           0.001, constant             [2]_
L2 penalty             0.001 on convolutions, `dense` and   the same                    [3]_
                       `dense_1`
dropout                0.4 and 0.5                          the same                    published
batch-norm momentum    0.99 in Keras' terms                 0.01 in torch's, the same   published
initial weights        He normal, `dense_4` Glorot          the same                    published
                       uniform; biases 0
kept weights           best validation ENE AUC, or best     best of the inner           [4]_
                       loss, or the last                    validation, patience 20
epochs                 not said                             at most 100                 [5]_
evaluation             every epoch                          every epoch                 published
augmentation           not said                             mirror images and quarter   [6]_
                                                            turns
class weights          1.0, by the name                     none                        published
oversampling           on, by the name                      none                        [7]_
uncertain ENE labels   included, by the name                left out of the ENE loss    [8]_
=====================  ===================================  ==========================  ===========

.. [1] Both labels count equally. ENE is learned from all nodes: a node without metastasis has none.
.. [2] Keras' default rate of the most usual optimiser; the 0.001 of the folder's name is the rate
       or the L2 factor, which is known to be 0.001, too.
.. [3] Keras adds 0.001 * w**2 to the loss, whose gradient is 0.002 * w; torch's Adam adds
       weight_decay * w, so that weight_decay is 0.002.
.. [4] The name of the published file does not tell which of the three it is.
.. [5] A bound for early stopping, no measured value.
.. [6] They need no interpolation, leave every intensity as it is, and have no number to choose.
.. [7] The rule is not known, and the loss without it needs none. The published callbacks judge by
       AUC, which does not depend on how often a class occurs.
.. [8] Their labels are not part of a reference standard here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

KERAS_L2 = 0.001

TRAINING_DEFAULTS: Mapping[str, Any] = MappingProxyType(
    {
        "batch_size": 16,
        "learning_rate": 0.001,
        "weight_decay": 2 * KERAS_L2,
        "epochs": 100,
        "evaluate_every": 1,
        "batch_norm_momentum": 0.01,
        "warm_up_steps": 0,
        "early_stopping": 20,
    }
)
