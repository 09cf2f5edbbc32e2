"""Holdfast in a Django project: `holdfast.django` in INSTALLED_APPS gives `manage.py backup`."""
