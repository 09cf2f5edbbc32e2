"""Interfaces for backups that applications have already, served by Holdfast.

Each is a router to include, exact in paths, methods, status codes and names:

    app.include_router(files(service, auth=require_admin))
"""

from holdfast.web.contracts.admin import admin
from holdfast.web.contracts.files import files
from holdfast.web.contracts.jobs import jobs
from holdfast.web.contracts.system import system

__all__ = ["admin", "files", "jobs", "system"]
