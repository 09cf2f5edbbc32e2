"""Tests of the repository format."""
