"""The data of the desk: who may do what, and what is to be done."""

from __future__ import annotations

import hashlib

from sqlalchemy import ForeignKey, create_engine
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The declarative base."""


class User(Base):
    """Somebody with a token, of which only the hash is kept."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)


class Ticket(Base):
    """Something to be done, and by whom."""

    __tablename__ = "tickets"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


def hashed(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def open_database(url: str) -> Engine:
    """Return an engine on the database, whose tables are there."""
    found: URL = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(found, pool_pre_ping=True)
    Base.metadata.create_all(engine)
    return engine
