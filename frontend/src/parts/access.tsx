import { createContext, useContext } from "react";

export type Permission = "read" | "run" | "restore" | "administer";
const ALL: ReadonlySet<Permission> = new Set(["read", "run", "restore", "administer"]);

/** What the reader may do. Where a host application decides, all of it until it says no. */
export const AccessContext = createContext<ReadonlySet<Permission>>(ALL);

/** Whether the reader may do something. */
export function useMay(permission: Permission): boolean {
  return useContext(AccessContext).has(permission);
}
