"""Filters of the reading room's templates."""
