"""The kinds of problems that there are."""

from __future__ import annotations

from pydantic import Field

from holdfast.web.problems import HoldfastProblem
from holdfast.web.schemas.base import Shape


class ProblemKind(Shape):
    """One kind of problem, by its stable code."""

    code: str = Field(description="Its stable name.", examples=["backup-not-found"])
    title: str = Field(
        description="What it means, in one sentence.", examples=["No backup has the given id."]
    )
    status: int = Field(description="The HTTP status that it comes with.", examples=[404])
    example: HoldfastProblem = Field(description="What an answer looks like.")


class ProblemKinds(Shape):
    """All kinds of problems."""

    errors: list[ProblemKind] = Field(description="Each kind, by code.")
