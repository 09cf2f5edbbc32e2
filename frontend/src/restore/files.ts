/** What kind of archive a file is, by its name; null if it is none. */
export function archiveKind(name: string): "plain" | "encrypted" | null {
  const lower = name.toLowerCase();
  if (lower.endsWith(".zip.age") || lower.endsWith(".age")) return "encrypted";
  return lower.endsWith(".zip") ? "plain" : null;
}

export type Refusal = "kind" | "empty" | "large";

/** Why a file need not be sent at all; null if it may be. */
export function refusalOf(
  file: Pick<File, "name" | "size">,
  maxBytes: number | undefined,
): Refusal | null {
  if (archiveKind(file.name) === null) return "kind";
  if (file.size === 0) return "empty";
  return maxBytes !== undefined && file.size > maxBytes ? "large" : null;
}
