"""The data of the camera: what it saw, and how it is set."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

FIRST_SETTINGS = {
    "camera_name": "Front door",
    "backup_enabled": "true",
    "backup_time": "03:00",
    "backup_retention_count": "7",
}


class Base(DeclarativeBase):
    """The declarative base."""


class Event(Base):
    """Something that moved before the camera."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str]
    thumbnail: Mapped[str]


class Setting(Base):
    """One setting, as text."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


def open_database(path: Path) -> Engine:
    """Return an engine on the database, whose tables and settings are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        for key, value in FIRST_SETTINGS.items():
            if session.get(Setting, key) is None:
                session.add(Setting(key=key, value=value))
    return engine


def read_settings(engine: Engine) -> dict[str, str]:
    """Return all settings."""
    with Session(engine) as session:
        return {each.key: each.value for each in session.scalars(select(Setting))}
