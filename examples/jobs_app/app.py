"""The application: expenses, and the contract `jobs` for its administrators.

    export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
    uvicorn --factory examples.jobs_app.app:create_app

Its data are in `expenses.db`, or in the PostgreSQL database that `DATABASE_URL` names
(`postgresql+asyncpg://...`).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from examples.jobs_app.models import Base, Category, Expense
from holdfast import BackupConfig, BackupService, TablesOptions
from holdfast.web.contracts import jobs

_bearer = HTTPBearer(auto_error=False)


class NewExpense(BaseModel):
    """What was spent."""

    category: str
    amount: Decimal
    spent_on: date
    note: str = ""
    details: dict[str, Any] = {}


def require_admin(
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> str:
    """Admit whoever shows the administrators' token; an application has users instead."""
    expected = os.environ["ADMIN_TOKEN"]
    if given is None or not secrets.compare_digest(given.credentials, expected):
        raise HTTPException(401, "Show the token of the administrators")
    return "admin"


async def open_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Give a session that is committed when the request has been served."""
    async with request.app.state.sessions.begin() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]


def open_database() -> AsyncEngine:
    """Return an engine on the database of the application."""
    url = make_url(os.environ.get("DATABASE_URL", "sqlite+aiosqlite:///expenses.db"))
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+asyncpg")
    return create_async_engine(url, pool_pre_ping=True)


def create_app() -> FastAPI:
    """Return the application; its tables are made when they are not there."""
    engine = open_database()
    # Holdfast takes the address from the engine and opens connections of its own.
    service = BackupService(
        None,
        os.environ.get("BACKUP_DIR", "./backups"),
        os.environ["BACKUP_ENCRYPTION_PASSWORD"],
        app="expenses",
        app_version="2.0",
        tables=TablesOptions(database=engine, models=Base),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(title="Expenses", lifespan=lifespan)
    schedule = BackupConfig(schedule="0 3 * * *", retention_days=30)
    app.include_router(jobs(service, auth=require_admin, schedule=schedule))
    _add_expenses(app)
    return app


def _add_expenses(app: FastAPI) -> None:
    @app.post("/expenses", status_code=201)
    async def add_expense(new: NewExpense, session: Session) -> dict[str, int]:
        """Note what was spent; the category is made when it is not there."""
        category = await session.scalar(select(Category).where(Category.name == new.category))
        if category is None:
            category = Category(name=new.category)
            session.add(category)
            await session.flush()
        values = new.model_dump(exclude={"category"})
        expense = Expense(category_id=category.id, **values)
        session.add(expense)
        await session.flush()
        return {"id": expense.id}

    @app.get("/expenses")
    async def list_expenses(session: Session) -> list[dict[str, Any]]:
        """Return what was spent."""
        found = await session.execute(
            select(Expense, Category.name).join(Category).order_by(Expense.id)
        )
        return [
            {
                "category": name,
                "amount": str(each.amount),
                "spent_on": each.spent_on,
                "note": each.note,
                "details": each.details,
            }
            for each, name in found
        ]

    @app.get("/expenses/total")
    async def sum_expenses(session: Session) -> dict[str, str]:
        """Return how much was spent in all."""
        total = await session.scalar(select(func.sum(Expense.amount)))
        return {"total": f"{total or 0:.2f}"}
