"""A small music shop to practise on: the Chinook database, thumbnails, settings, events."""
