"""What happened on this machine: runs and proofs. Everything else is in the repository."""

from holdfast.catalog.catalog import Catalog
from holdfast.catalog.records import Proof, Run, RunKind, RunStatus

__all__ = ["Catalog", "Proof", "Run", "RunKind", "RunStatus"]
