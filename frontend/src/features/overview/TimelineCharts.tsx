import "@mantine/charts/styles.css";
import { Group, Stack, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Measure } from "@/features/overview/axis";
import { RunChart } from "@/features/overview/RunChart";
import type { Point } from "@/features/overview/runs";
import { formatBytes } from "@/format/numbers";
import { formatDuration } from "@/format/times";

const CHARTS = [
  { measure: "captured", label: "captured", color: "sea.7", format: formatBytes },
  { measure: "added", label: "added", color: "indigo.6", format: formatBytes },
  { measure: "seconds", label: "duration", color: "grape.6", format: formatDuration },
] as const satisfies ReadonlyArray<{ measure: Measure } & Record<string, unknown>>;

/** One chart for each measure, one below the other, over the same time. */
export default function TimelineCharts(props: { points: readonly Point[]; timeZone: string }) {
  const { t } = useTranslation("overview");
  const failed = props.points.filter(({ status }) => status === "failed").length;
  return (
    <Stack gap="md">
      {CHARTS.map((chart, at) => (
        <RunChart
          key={chart.measure}
          {...props}
          {...chart}
          label={t(`chart.${chart.label}`)}
          withDays={at === CHARTS.length - 1}
        />
      ))}
      {failed > 0 && (
        <Group gap={6}>
          <IconX size={14} stroke={3} color="var(--mantine-color-red-6)" aria-hidden />
          <Text size="xs">{t("chart.failedRuns", { count: failed })}</Text>
        </Group>
      )}
    </Stack>
  );
}
