"""Client programs of database servers: started on this machine or in a container.

No shell, and no pipe from one program to another: every byte passes through this process, and
every program's end is looked at. What a password is stands in its environment, never among its
arguments.
"""

from holdfast.sources.programs.child import Child, run
from holdfast.sources.programs.output import Output
from holdfast.sources.programs.place import ContainerPlace, Invocation, LocalPlace, Place

__all__ = [
    "Child",
    "ContainerPlace",
    "Invocation",
    "LocalPlace",
    "Output",
    "Place",
    "run",
]
