"""An expense tracker with SQLAlchemy models and an AsyncEngine, whose backups are jobs."""
