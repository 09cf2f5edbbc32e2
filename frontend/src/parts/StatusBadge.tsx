import { Badge, type MantineColor } from "@mantine/core";
import {
  IconAlertTriangle,
  IconCheck,
  IconClock,
  IconHistory,
  IconLoader2,
  IconShieldCheck,
  IconX,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import type { BackupState, JobStatus } from "@/api/generated/plan";

type Status = BackupState | JobStatus;
type Look = {
  color: MantineColor;
  icon: ComponentType<{ size?: number; "aria-hidden"?: boolean }>;
};

const LOOKS: Record<Status, Look> = {
  pending: { color: "gray", icon: IconClock },
  running: { color: "blue", icon: IconLoader2 },
  validating: { color: "blue", icon: IconLoader2 },
  restoring: { color: "blue", icon: IconLoader2 },
  completed: { color: "teal", icon: IconCheck },
  verified: { color: "green", icon: IconShieldCheck },
  partial: { color: "orange", icon: IconAlertTriangle },
  restored: { color: "violet", icon: IconHistory },
  failed: { color: "red", icon: IconX },
  cancelled: { color: "gray", icon: IconX },
};

/** How a backup or a job stands: by a word and a sign, not by colour alone. */
export function StatusBadge({ status }: { status: Status }) {
  const { t } = useTranslation();
  const { color, icon: Icon } = LOOKS[status];
  return (
    <Badge
      color={color}
      variant="light"
      radius="sm"
      tt="none"
      fw={600}
      leftSection={<Icon size={13} aria-hidden />}
      // The word is what says it: others make way.
      style={{ flexShrink: 0 }}
      data-status={status}
    >
      {t(`status.${status}`)}
    </Badge>
  );
}
