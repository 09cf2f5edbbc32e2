"""The guest book on Flask.

export BACKUP_ENCRYPTION_PASSWORD=... ADMIN_TOKEN=...
flask --app examples.flask_app.app run --port 8000
"""

from __future__ import annotations

from typing import Any

from flask import Flask, abort, request

from examples.guest_book import GuestBook
from holdfast import HoldfastError


def create_app() -> Flask:
    """Return the application."""
    app, book = Flask(__name__), GuestBook()

    @app.get("/guests")
    def guests() -> list[str]:
        return book.names()

    @app.post("/guests")
    def sign() -> tuple[dict[str, str], int]:
        name = str(request.get_json()["name"])
        book.sign(name)
        return {"name": name}, 201

    def admin() -> str:
        if not book.admits(request.headers.get("Authorization")):
            abort(401)
        return "admin"

    @app.post("/admin/backups")
    def back_up() -> tuple[dict[str, Any], int]:
        return book.back_up(admin()), 202

    @app.post("/admin/backups/<backup_id>/restore")
    def restore(backup_id: str) -> tuple[dict[str, Any], int]:
        return book.restore(backup_id, admin()), 202

    @app.get("/admin/jobs/<job_id>")
    def job(job_id: str) -> dict[str, Any]:
        admin()
        return book.job(job_id)

    @app.errorhandler(HoldfastError)
    def failed(error: HoldfastError) -> tuple[dict[str, str | None], int]:
        return {"detail": error.message, "hint": error.hint}, error.http_status

    return app
