"""Training an ensemble by nested cross-validation, pure: arrays in, members out (no Django)."""
