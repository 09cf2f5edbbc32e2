import {
  IconArchive,
  IconCalendarTime,
  IconClipboardList,
  IconDatabase,
  IconHistory,
  IconLayoutDashboard,
  IconListCheck,
  IconUsers,
} from "@tabler/icons-react";
import { lazy } from "react";
import { whole } from "@/app/whole";
import type { Permission } from "@/parts/access";
import { lazily } from "@/parts/lazily";

/** Each screen: where it is, what it is for who may see it; loaded when it is first opened. */
export const SCREENS = [
  {
    name: "overview",
    path: "/",
    icon: IconLayoutDashboard,
    needs: "read",
    Screen: lazily(() => import("@/features/overview/Overview")),
  },
  {
    name: "backups",
    path: "/backups/:id?",
    icon: IconArchive,
    needs: "read",
    Screen: lazy(whole(() => import("@/features/backups/Backups"))),
  },
  {
    name: "restore",
    path: "/restore/:id?",
    icon: IconHistory,
    needs: "restore",
    Screen: lazy(whole(() => import("@/features/restore/Restore"))),
  },
  {
    name: "schedule",
    path: "/schedule",
    icon: IconCalendarTime,
    needs: "read",
    Screen: lazy(whole(() => import("@/features/schedule/Schedule"))),
  },
  {
    name: "jobs",
    path: "/jobs/:id?",
    icon: IconListCheck,
    needs: "read",
    Screen: lazy(whole(() => import("@/features/jobs/Jobs"))),
  },
  {
    name: "repository",
    path: "/repository",
    icon: IconDatabase,
    needs: "read",
    Screen: lazy(whole(() => import("@/features/repository/Repository"))),
  },
  {
    name: "audit",
    path: "/audit",
    icon: IconClipboardList,
    needs: "administer",
    Screen: lazy(whole(() => import("@/features/audit/Audit"))),
  },
  {
    name: "users",
    path: "/users",
    icon: IconUsers,
    needs: "read",
    Screen: lazy(whole(() => import("@/features/users/Users"))),
  },
] as const satisfies ReadonlyArray<{ needs: Permission } & Record<string, unknown>>;
