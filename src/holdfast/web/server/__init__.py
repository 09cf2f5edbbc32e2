"""`holdfast serve`: users, sessions and tokens around the router."""
