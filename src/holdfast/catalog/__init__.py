"""What a repository cannot know: runs, and proofs of its backups."""

from holdfast.catalog.proofs import ProofFiles
from holdfast.catalog.records import Proof, Run, RunKind, RunStatus
from holdfast.catalog.run_log import RunLog

__all__ = ["Proof", "ProofFiles", "Run", "RunKind", "RunLog", "RunStatus"]
