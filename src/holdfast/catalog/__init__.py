"""What a repository cannot know: runs, and proofs of its backups."""

from holdfast.catalog.catalog import Catalog
from holdfast.catalog.proofs import ProofFiles
from holdfast.catalog.records import Proof, Run, RunKind, RunStatus

__all__ = ["Catalog", "Proof", "ProofFiles", "Run", "RunKind", "RunStatus"]
