import { Button, Group, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconChartBar, IconTable } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { RunTable } from "@/features/overview/RunTable";
import type { Point } from "@/features/overview/runs";
import { lazily } from "@/parts/lazily";

const TimelineCharts = lazily(() => import("@/features/overview/TimelineCharts"));

/** More than these would be a bar for each pixel. */
const DRAWN = 200;

interface TimelineProps {
  points: readonly Point[];
  weeks: number;
  timeZone: string;
}

/** What the backups captured and added and how long they took: drawn, or as a table. */
export function Timeline({ points, weeks, timeZone }: TimelineProps) {
  const { t } = useTranslation("overview");
  const [asTable, setAsTable] = useState(false);
  const drawn = points.slice(-DRAWN);
  const all = drawn.length === points.length;
  const Icon = asTable ? IconChartBar : IconTable;
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="timeline">
      <Group justify="space-between" align="flex-start" mb="sm" gap="xs">
        <Stack gap={0}>
          <Title order={2} size="h4" id="timeline">
            {t("chart.title")}
          </Title>
          <Text size="sm" c="dimmed">
            {all ? t("chart.lead", { weeks }) : t("chart.newest", { count: drawn.length })}
          </Text>
        </Stack>
        {drawn.length > 0 && (
          <Button
            variant="default"
            size="xs"
            leftSection={<Icon size={15} aria-hidden />}
            onClick={() => setAsTable(!asTable)}
          >
            {asTable ? t("chart.asChart") : t("chart.asTable")}
          </Button>
        )}
      </Group>
      {drawn.length === 0 && <Text c="dimmed">{t("chart.none", { weeks })}</Text>}
      {drawn.length > 0 && asTable && <RunTable points={drawn} timeZone={timeZone} />}
      {drawn.length > 0 && !asTable && (
        <Suspense fallback={<Skeleton height={420} radius="sm" />}>
          <TimelineCharts points={drawn} timeZone={timeZone} />
        </Suspense>
      )}
    </Paper>
  );
}
