import { Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";

const LEAVES: Partial<Record<JobShape["kind"], "backup" | "cleanup">> = {
  backup: "backup",
  cleanup: "cleanup",
  prune: "cleanup",
};

/** What a job left that somebody stopped: that is what they wanted, and no failure. */
export function Cancelled({ kind }: { kind: JobShape["kind"] }) {
  const { t } = useTranslation();
  return (
    <Text size="sm" c="dimmed">
      {t(`cancelled.${LEAVES[kind] ?? "other"}`)}
    </Text>
  );
}
