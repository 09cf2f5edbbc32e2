import { Box, Group, Skeleton, Stack, Text, Title, Tooltip } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { SchedulePreview } from "@/api/generated/plan";
import { Warning } from "@/features/schedule/Warning";
import { isOwnTime } from "@/features/schedule/zones";
import { formatExact, formatShort } from "@/format/times";
import { dayIn, ownZone, shownZone } from "@/format/zones";
import { useLocale } from "@/i18n/useLocale";
import { Failure } from "@/parts/States";
import { When } from "@/parts/Values";

interface NextRunsProps {
  preview: UseQueryResult<SchedulePreview>;
  enabled: boolean;
  /** Whether the server refused the schedule; the field says why. */
  refused: boolean;
  missing: boolean;
  timezone: string;
}

/** When the next five backups would be made, in the zone of the schedule. */
export function NextRuns({ preview, enabled, refused, missing, timezone }: NextRunsProps) {
  const { t } = useTranslation("schedule");
  const zone = shownZone(timezone);
  return (
    <Box component="section" aria-label={t("runs.title")}>
      <Title order={3} size="h6" mb={4}>
        {enabled ? t("runs.title") : t("runs.wouldBe")}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t("runs.zone", { zone })}
      </Text>
      {refused || missing ? (
        <Text size="sm" c="dimmed">
          {t("runs.incomplete")}
        </Text>
      ) : preview.isError ? (
        <Failure error={preview.error} onRetry={() => void preview.refetch()} />
      ) : preview.data === undefined ? (
        <Skeleton height={150} />
      ) : (
        <Runs {...preview.data} timezone={zone} />
      )}
    </Box>
  );
}

function Runs({ next_runs: runs, timezone }: SchedulePreview) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  const [first] = runs;
  if (first === undefined) {
    return <Warning>{t("runs.none")}</Warning>;
  }
  return (
    <Stack gap={0}>
      <Box component="ol" m={0} p={0} style={{ listStyle: "none" }} aria-label={t("runs.title")}>
        {runs.map((at, index) => (
          <Group
            component="li"
            key={at}
            justify="space-between"
            gap="sm"
            py={7}
            style={{ borderTop: index ? "1px solid var(--mantine-color-default-border)" : "none" }}
          >
            <RunTime at={at} timezone={timezone} />
            {isSoon(at) && (
              <Text size="sm" c="dimmed">
                <When at={at} timeZone={timezone} />
              </Text>
            )}
          </Group>
        ))}
      </Box>
      {!isOwnTime(timezone, new Date(first)) && (
        <Text size="sm" c="dimmed" mt="sm">
          {t("runs.yours", { time: formatShort(new Date(first), locale), zone: ownZone() })}
        </Text>
      )}
    </Stack>
  );
}

/** Whether it is said in days how far off a run is: weeks would be too vague to plan by. */
function isSoon(at: string): boolean {
  return Date.parse(at) - Date.now() < 6.5 * 86_400_000;
}

/** A run with its day of the week, which people plan by; with its year unless that is this one. */
export function RunTime({ at, timezone }: { at: string; timezone: string }) {
  const locale = useLocale();
  const yearOf = (instant: Date) => dayIn(timezone)(instant).slice(0, 4);
  const instant = new Date(at);
  const format = new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(yearOf(instant) !== yearOf(new Date()) && { year: "numeric" }),
    hour: "numeric",
    minute: "2-digit",
    timeZone: timezone,
  });
  return (
    <Tooltip label={formatExact(instant, locale, timezone)}>
      <Text size="sm" fw={500}>
        <time dateTime={at}>{format.format(instant)}</time>
      </Text>
    </Tooltip>
  );
}
