import { BarChart } from "@mantine/charts";
import { Box, Group, Paper, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BarShapeProps } from "recharts";
import { useLocation } from "wouter";
import { type Measure, rangeOf, spanOf, ticksOf } from "@/features/overview/axis";
import type { Point } from "@/features/overview/runs";
import { formatDay, formatExact } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";

const PLOT_HEIGHT = 92;
const DAYS_HEIGHT = 24;

interface RunChartProps {
  points: readonly Point[];
  timeZone: string;
  measure: Measure;
  label: string;
  color: string;
  format: (value: number, locale: string) => string;
  /** The same to the last digit, to be told of one bar. */
  exact: (value: number, locale: string) => string;
  barSize: number;
  /** Whether the days are written below. */
  withDays: boolean;
}

/** A bar of one width: its own would vanish where two backups are minutes apart. */
function Bar({ x, y, width, height, fill, wide }: BarShapeProps & { wide: number }) {
  if (height <= 0) return null;
  return (
    <rect x={x + (width - wide) / 2} y={y} width={wide} height={height} fill={fill} rx={1.5} />
  );
}

/** A bar for each backup and a cross for each failed run, where in time they were. */
export function RunChart({ points, timeZone, measure, label, color, ...rest }: RunChartProps) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const [, go] = useLocation();
  const format = (value: number) => rest.format(value, locale);
  const range = rangeOf(points, measure);
  const day = new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", timeZone });
  const summary = range
    ? t("chart.summary", {
        what: label,
        count: range.count,
        from: formatDay(new Date(points[0]?.at ?? 0), locale),
        to: formatDay(new Date(points.at(-1)?.at ?? 0), locale),
        least: format(range.least),
        most: format(range.most),
        last: format(range.last),
      })
    : label;
  const failed = points.filter(({ status }) => status === "failed");
  return (
    <Box>
      <Group justify="space-between" gap="xs" mb={4}>
        <Text size="sm" fw={600}>
          {label}
        </Text>
        {range && (
          <Text size="sm" c="dimmed">
            {t("chart.last", { value: format(range.last) })}
          </Text>
        )}
      </Group>
      <Box role="img" aria-label={summary}>
        <BarChart
          h={PLOT_HEIGHT + (rest.withDays ? DAYS_HEIGHT : 0)}
          data={[...points]}
          dataKey="at"
          series={[{ name: measure, label, color }]}
          accessibilityLayer={false}
          barChartProps={{
            syncId: "runs",
            syncMethod: "value",
            // The run that the pointer tells of; the table has a link for each.
            onClick: ({ activeTooltipIndex }) => {
              const run = points[Number(activeTooltipIndex ?? Number.NaN)];
              if (run) go(`/backups/${encodeURIComponent(run.id)}`);
            },
            style: { cursor: "pointer" },
          }}
          barProps={{
            isAnimationActive: false,
            shape: (bar: BarShapeProps) => <Bar {...bar} wide={rest.barSize} />,
          }}
          minBarSize={2}
          tickLine="none"
          withXAxis={rest.withDays}
          xAxisProps={{
            type: "number",
            scale: "time",
            domain: spanOf(points),
            ticks: ticksOf(points, timeZone, 8),
            tickFormatter: (at: number) => day.format(at),
          }}
          yAxisProps={{ width: 72, tickCount: 3, tickFormatter: format }}
          referenceLines={failed.map(({ at }) => ({
            x: at,
            color: "red.6",
            strokeDasharray: "3 3",
            label: { value: "✕", position: "insideTop", fill: "var(--mantine-color-red-6)" },
          }))}
          tooltipProps={{
            content: ({ active, payload }) => {
              const point = payload?.[0]?.payload as Point | undefined;
              return active && point ? (
                <Paper withBorder shadow="md" px="sm" py={6}>
                  <Text size="xs" c="dimmed">
                    {formatExact(new Date(point.at), locale, timeZone)}
                  </Text>
                  <Text size="sm" fw={600}>
                    {point[measure] === null
                      ? t("chart.failed")
                      : rest.exact(point[measure], locale)}
                  </Text>
                </Paper>
              ) : null;
            },
          }}
        />
      </Box>
    </Box>
  );
}
