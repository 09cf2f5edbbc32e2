"""A notes application on PostgreSQL whose backups are files of SQL, as its clients know them."""
