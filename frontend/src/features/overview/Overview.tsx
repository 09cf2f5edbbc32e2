import { Skeleton, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useHealth, useStats } from "@/backup/hooks/useStanding";
import { BackUpButton } from "@/features/overview/BackUpButton";
import { FirstBackup } from "@/features/overview/FirstBackup";
import { Numbers } from "@/features/overview/Numbers";
import { Standing } from "@/features/overview/Standing";
import { fixOf, toneOf } from "@/features/overview/standing";
import { UnderWay } from "@/features/overview/UnderWay";
import { PageHead } from "@/parts/PageHead";
import { Loaded } from "@/parts/States";

/** Whether the plan is protected, how fresh and how proven that is, and what to do about it. */
export default function Overview() {
  const { t } = useTranslation();
  const health = useHealth();
  const stats = useStats();
  const tone = health.data && toneOf(health.data, stats.data);
  const fixes = health.data?.findings.map((each) => fixOf(each)?.by) ?? [];
  // Where a backup is what mends it, the button stands beside what is wrong.
  const offered = fixes.includes("back-up");
  const variant = fixes.some(Boolean) ? "default" : "filled";
  return (
    <>
      <PageHead
        title={t("nav.overview")}
        actions={!offered && <BackUpButton variant={variant} />}
      />
      <Stack gap="md">
        <Loaded query={health} loading={<Skeleton height={108} radius="md" />}>
          {(found) => (
            <Standing
              health={found}
              tone={tone ?? found.status}
              asOf={health.isRefetchError ? new Date(health.dataUpdatedAt) : undefined}
            />
          )}
        </Loaded>
        <UnderWay />
        {tone === "new" ? <FirstBackup /> : <Numbers stats={stats} health={health.data} />}
      </Stack>
    </>
  );
}
