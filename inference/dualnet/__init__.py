"""DualNet (Kann et al.), the comparator: network, preprocessing, checkpoints, training (pure)."""
