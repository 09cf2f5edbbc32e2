import { createContext, useContext } from "react";
import type { JobShape } from "@/api/generated/plan";
import { isCopyJob, isRestore } from "@/backup/jobs";

export type Permission = "read" | "run" | "restore" | "administer";
const ALL: ReadonlySet<Permission> = new Set(["read", "run", "restore", "administer"]);

/** What the reader may do. Where a host application decides, all of it until it says no. */
export const AccessContext = createContext<ReadonlySet<Permission>>(ALL);

/** Whether the reader may do something. */
export function useMay(permission: Permission): boolean {
  return useContext(AccessContext).has(permission);
}

/** What it takes to start a job, and so to cancel it or to try it again; as the server sees it. */
export function permissionFor(job: Pick<JobShape, "kind">): Permission {
  if (isRestore(job) || isCopyJob(job) || job.kind === "import") return "restore";
  return job.kind === "cleanup" || job.kind === "prune" ? "administer" : "run";
}
