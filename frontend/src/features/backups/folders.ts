/** The folders on the way to a path, each with its own path. */
export function foldersOf(path: string): Array<{ name: string; path: string }> {
  const names = path.split("/").filter(Boolean);
  return names.map((name, index) => ({ name, path: names.slice(0, index + 1).join("/") }));
}

/** The folder that something is in; empty for the top. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}
