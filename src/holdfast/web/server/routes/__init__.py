"""The server's own routes, a module for each group of them."""
