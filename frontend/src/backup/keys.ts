/** Where what is known of backups is kept in the cache of TanStack Query. */
export const backupKeys = {
  all: ["backup"],
  list: ["backup", "list"],
  one: (id: string) => ["backup", "one", id],
  contents: (id: string, path: string, search = "") => [
    "backup",
    "contents",
    id,
    path,
    ...(search ? [search] : []),
  ],
  job: (id: string) => ["backup", "job", id],
  restore: (id: string) => ["backup", "restore", id],
  jobs: ["backup", "jobs"],
  health: ["backup", "health"],
  stats: ["backup", "stats"],
  plan: ["backup", "plan"],
  schedule: ["backup", "schedule"],
  cleanup: ["backup", "cleanup"],
  repository: ["backup", "repository"],
  notifications: ["backup", "notifications"],
  audit: ["backup", "audit"],
} as const;
