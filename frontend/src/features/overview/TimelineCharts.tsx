import "@mantine/core/styles/ColorSwatch.css";
import "@mantine/charts/styles.css";
import { Group, Stack, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { barSizeFor, type Measure } from "@/features/overview/axis";
import classes from "@/features/overview/overview.module.css";
import { RunChart } from "@/features/overview/RunChart";
import type { Point } from "@/features/overview/runs";
import { formatBytes, formatExactBytes } from "@/format/numbers";
import { formatDuration, formatExactSeconds } from "@/format/times";

const CHARTS = [
  {
    measure: "captured",
    label: "captured",
    color: "var(--captured)",
    format: formatBytes,
    exact: formatExactBytes,
  },
  {
    measure: "added",
    label: "added",
    color: "var(--added)",
    format: formatBytes,
    exact: formatExactBytes,
  },
  {
    measure: "seconds",
    label: "duration",
    color: "var(--duration)",
    format: formatDuration,
    exact: formatExactSeconds,
  },
] as const satisfies ReadonlyArray<{ measure: Measure } & Record<string, unknown>>;

/** One chart for each measure, one below the other, over the same time. */
export default function TimelineCharts(props: { points: readonly Point[]; timeZone: string }) {
  const { t } = useTranslation("overview");
  const { ref, width } = useElementSize();
  const barSize = barSizeFor(width, props.points.length);
  const failed = props.points.filter(({ status }) => status === "failed").length;
  return (
    <Stack gap="sm" ref={ref} className={classes.charts}>
      {CHARTS.map((chart, at) => (
        <RunChart
          key={chart.measure}
          {...props}
          {...chart}
          barSize={barSize}
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
