/** What to type to get a backup by restic alone, from a POSIX shell. */
export function commandsFor(
  location: string,
  encrypted: boolean | null,
  snapshot: string | null | undefined,
): string {
  const open = encrypted === false ? " --insecure-no-password" : "";
  return [
    `export RESTIC_REPOSITORY=${quoted(location)}`,
    encrypted !== false && "export RESTIC_PASSWORD_FILE=./backup-password",
    !snapshot && `restic${open} snapshots`,
    `restic${open} restore ${snapshot || "ID"} --target ./by-restic`,
  ]
    .filter(Boolean)
    .join("\n");
}

function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
