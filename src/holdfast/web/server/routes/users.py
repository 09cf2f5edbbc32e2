"""The users: for administrators who are logged in, and gave their password of late."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Path, Request

from holdfast.errors import (
    AccountError,
    AccountExists,
    AccountNotFound,
    LastAdmin,
    NotAuthenticated,
    PermissionDenied,
    RequestInvalid,
    StepUpRequired,
)
from holdfast.web.problems import problem_responses
from holdfast.web.routing import Routes
from holdfast.web.server.door import Door
from holdfast.web.server.identity import Identity
from holdfast.web.server.schemas import (
    MAX_NAME,
    NewUserBody,
    UserChangeBody,
    UserList,
    UserView,
)

_NAME = Annotated[str, Path(description="The user's name.", max_length=MAX_NAME, examples=["ben"])]


def user_routes(door: Door) -> APIRouter:
    """Return the routes of users."""
    routes = Routes(tags=["users"])
    administrator = door.administrator()
    accounts = door.accounts

    @routes.get(
        "/users",
        operation_id="list_users",
        summary="All users",
        responses=problem_responses(NotAuthenticated, PermissionDenied),
    )
    async def list_users(identity: Identity = administrator) -> UserList:
        del identity
        return UserList(users=[UserView.of(each) for each in await run_sync(accounts.users)])

    @routes.post(
        "/users",
        operation_id="add_user",
        summary="Add a user",
        status_code=201,
        responses=problem_responses(
            NotAuthenticated,
            PermissionDenied,
            StepUpRequired,
            AccountExists,
            AccountError,
            RequestInvalid,
        ),
    )
    async def add_user(
        body: NewUserBody, request: Request, identity: Identity = administrator
    ) -> UserView:
        def work() -> UserView:
            with door.audited(
                request,
                "user.add",
                actor=identity.user.name,
                about=body.username,
                detail={"role": body.role.value},
            ):
                return UserView.of(accounts.add_user(body.username, body.role, body.password))

        return await run_sync(work)

    @routes.patch(
        "/users/{username}",
        operation_id="change_user",
        summary="Change a user's role or password, or lock the user out",
        description="The user is logged out everywhere; API tokens end only where the user is"
        " locked out.",
        responses=problem_responses(
            NotAuthenticated,
            PermissionDenied,
            StepUpRequired,
            AccountNotFound,
            LastAdmin,
            AccountError,
            RequestInvalid,
        ),
    )
    async def change_user(
        username: _NAME,
        body: UserChangeBody,
        request: Request,
        identity: Identity = administrator,
    ) -> UserView:
        def work() -> UserView:
            detail = body.model_dump(mode="json", exclude={"password"}, exclude_none=True)
            detail["password"] = body.password is not None
            with door.audited(
                request, "user.change", actor=identity.user.name, about=username, detail=detail
            ):
                return UserView.of(
                    accounts.change_user(
                        accounts.user(username),
                        role=body.role,
                        disabled=body.disabled,
                        password=body.password,
                    )
                )

        return await run_sync(work)

    @routes.delete(
        "/users/{username}",
        operation_id="remove_user",
        summary="Remove a user, with all sessions and API tokens",
        status_code=204,
        responses=problem_responses(
            NotAuthenticated,
            PermissionDenied,
            StepUpRequired,
            AccountNotFound,
            LastAdmin,
            RequestInvalid,
        ),
    )
    async def remove_user(
        username: _NAME, request: Request, identity: Identity = administrator
    ) -> None:
        def work() -> None:
            with door.audited(request, "user.remove", actor=identity.user.name, about=username):
                accounts.remove_user(accounts.user(username))

        await run_sync(work)

    return routes
