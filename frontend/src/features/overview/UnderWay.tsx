import { Paper, Stack, Title } from "@mantine/core";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { JobStatus } from "@/api/generated/plan";
import { useJobs } from "@/backup/hooks/useJobs";
import { Loading } from "@/parts/States";

const ACTIVE: JobStatus[] = ["pending", "running", "validating", "restoring"];

// Most visits find none: what shows them comes when there is one.
const JobRow = lazy(() => import("@/features/overview/JobRow"));

/** The jobs that are under way, and those that ended while they were looked at. */
export function UnderWay() {
  const { t } = useTranslation("overview");
  const { data } = useJobs({ status: ACTIVE, limit: 20 });
  const [seen, setSeen] = useState<readonly string[]>([]);
  useEffect(() => {
    const active = data?.jobs.map(({ id }) => id) ?? [];
    setSeen((before) => {
      const added = active.filter((id) => !before.includes(id));
      // How the last few ended stays until another screen is opened.
      return added.length > 0 ? [...added, ...before].slice(0, Math.max(active.length, 3)) : before;
    });
  }, [data]);
  if (seen.length === 0) return null;
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="under-way">
      <Title order={2} size="h4" id="under-way" mb="sm">
        {data?.jobs.length ? t("jobs.title") : t("jobs.ended")}
      </Title>
      <Stack gap="md">
        <Suspense fallback={<Loading rows={seen.length} height={44} />}>
          {seen.map((id, row) => (
            <JobRow key={id} id={id} divided={row > 0} />
          ))}
        </Suspense>
      </Stack>
    </Paper>
  );
}
