import { describe, expect, it } from "vitest";
import { actionsFor } from "@/features/backups/can";
import { foldersOf } from "@/features/backups/folders";
import { nameOf } from "@/features/backups/name";
import { commandsFor } from "@/features/backups/restic";
import { backupOf } from "./backup";

describe("what can be done with a backup", () => {
  it("is to stop it while it is made", () => {
    expect(actionsFor(backupOf(1, { status: "running", job_id: "j" }))).toEqual(["cancel"]);
  });

  it("is to try again where it failed", () => {
    expect(actionsFor(backupOf(1, { status: "failed", job_id: "j" }))).toEqual(["retry"]);
  });

  it("is to keep or to release it, never both", () => {
    expect(actionsFor(backupOf(1))).toContain("keep");
    expect(actionsFor(backupOf(1))).not.toContain("release");
    expect(actionsFor(backupOf(1, { keep: true }))).toContain("release");
    expect(actionsFor(backupOf(1, { keep: true }))).not.toContain("keep");
  });
});

describe("what a backup is called", () => {
  it("is its description, or else its time", () => {
    expect(nameOf(backupOf(1, { description: "Before 42" }), "en")).toBe("Before 42");
    expect(nameOf(backupOf(1, { description: " " }), "en")).toMatch(/2026/);
  });
});

describe("the way to a backup by restic", () => {
  it("names the snapshot", () => {
    expect(commandsFor("/srv/backups", true, "ab12")).toBe(
      "export RESTIC_REPOSITORY=/srv/backups\n" +
        "export RESTIC_PASSWORD_FILE=./backup-password\n" +
        "restic restore ab12 --target ./by-restic",
    );
  });

  it("needs no password where the repository is not encrypted", () => {
    const commands = commandsFor("/srv/backups", false, "ab12");
    expect(commands).not.toContain("PASSWORD_FILE");
    expect(commands).toContain("restic --insecure-no-password restore");
  });

  it("is safe to paste, whatever the repository is called", () => {
    expect(commandsFor("/srv/it's $(mine)", true, "a")).toContain(
      "RESTIC_REPOSITORY='/srv/it'\\''s $(mine)'\n",
    );
  });

  it("lists the snapshots where it is not known which one it is", () => {
    expect(commandsFor("/b", true, null)).toContain("restic snapshots\nrestic restore ID ");
  });
});

describe("the way to a folder", () => {
  it("has each folder above it", () => {
    expect(foldersOf("files/a b/c")).toEqual([
      { name: "files", path: "files" },
      { name: "a b", path: "files/a b" },
      { name: "c", path: "files/a b/c" },
    ]);
    expect(foldersOf("")).toEqual([]);
  });
});
