"""The library in use: back up an application's data, prove the backup, run it by the clock.

Run it where `data/app.db` and `data/thumbnails` are; the sample application makes them:

    python -m examples.sample_app.build --into data
    python examples/embedded.py
"""

from __future__ import annotations

from holdfast import BackupConfig, BackupScheduler, BackupService, HoldfastError, Progress


def show(progress: Progress) -> None:
    """Print how far the work is, as an application would show it."""
    if progress.total_bytes:
        print(f"  {progress.step}: {progress.done_bytes / progress.total_bytes:.0%}")


def main() -> None:
    """Make a backup, prove it, and see what a restore would do."""
    service = BackupService(
        database_url="sqlite:///./data/app.db",
        backup_dir="./data/backups",
        encryption_password="in life, this comes from your secrets",
        directories={"thumbnails": "./data/thumbnails"},
        references={"thumbnails": "select thumbnail_path from events"},
        settings="settings",
    )
    try:
        backup = service.create_backup(description="An example", progress=show)
        proof = service.verify_backup(backup.backup_id)
        restore = service.restore_backup(backup.backup_id, dry_run=True)
    except HoldfastError as error:
        print(f"{error.message} ({error.code}). {error.hint or ''}")
        raise SystemExit(error.exit_code) from error
    print(f"{backup.backup_id}: {backup.total_records} rows, {backup.stored_size} bytes stored")
    for check in proof.checks:
        print(f"  {check.name}: {'passed' if check.passed else 'FAILED'} {check.detail}")
    for change in restore.changes:
        print(f"  a restore would {change.action} {change.target} {change.detail}")

    scheduler = BackupScheduler(service, BackupConfig(schedule="0 2 * * *", max_backups=30))
    scheduler.start()
    print(f"The next backup is made at {scheduler.get_next_run_time()}")
    scheduler.stop()


if __name__ == "__main__":
    main()
