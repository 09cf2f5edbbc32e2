"""Tests of Holdfast in a Django project."""
