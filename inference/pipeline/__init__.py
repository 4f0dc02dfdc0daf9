"""What the worker does; with the check of checkpoints, the only Django side that loads torch."""
