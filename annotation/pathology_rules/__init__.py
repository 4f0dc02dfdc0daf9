"""Annotation room's pure core: pathology reports, what they allow, and what contradicts them."""
