"""Measure Holdfast against other backup tools on data that this package makes."""
