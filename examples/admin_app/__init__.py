"""A ticket desk on PostgreSQL with users and roles; its administrators see records of backups."""
