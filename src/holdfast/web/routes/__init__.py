"""The routes, a module for each group of them."""
