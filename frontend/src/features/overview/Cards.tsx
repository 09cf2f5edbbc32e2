import { Anchor, Paper, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { HealthShape, ScheduleShape, StatsShape } from "@/api/generated/plan";
import { Ago } from "@/features/overview/Ago";
import { RetentionWords } from "@/features/overview/RetentionWords";
import type { Run } from "@/features/overview/runs";
import { formatBytes, formatNumber, formatShare } from "@/format/numbers";
import { formatDuration, formatShort } from "@/format/times";
import { shownZone } from "@/format/zones";
import { useLocale } from "@/i18n/useLocale";
import { Bytes, Count, When } from "@/parts/Values";

interface CardsProps {
  stats: StatsShape;
  health: HealthShape | undefined;
  schedule: ScheduleShape | undefined;
  /** The newest good backup, if it is among those that are loaded. */
  latest: Run | undefined;
}

/** The plan in numbers. */
export function Cards({ stats, health, schedule, latest }: CardsProps) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const { total_size_bytes: total, stored_size_bytes: occupied } = stats;
  const share = total > 0 ? occupied / total : 0;
  return (
    <SimpleGrid component="dl" cols={{ base: 2, lg: 3 }} spacing={{ base: "xs", sm: "md" }} m={0}>
      <Card label={t("card.backups")} detail={t("card.proven", { count: stats.verified_backups })}>
        <Count value={stats.total_backups} />
      </Card>
      <Card
        label={t("card.latest")}
        detail={
          latest && (
            <Anchor component={Link} href={`/backups/${latest.id}`} size="sm" underline="always">
              {latest.duration_s === null
                ? formatBytes(latest.original_size_bytes, locale)
                : t("card.latestDetail", {
                    size: formatBytes(latest.original_size_bytes, locale),
                    time: formatDuration(latest.duration_s, locale),
                  })}
            </Anchor>
          )
        }
      >
        {health?.last_success_at ? <Ago at={health.last_success_at} /> : t("card.none")}
      </Card>
      <Card
        label={t("card.size")}
        detail={
          <Stack gap={6}>
            {t("card.occupies", {
              size: formatBytes(occupied, locale),
              share: formatShare(share, locale),
            })}
            <Progress value={share * 100} size="sm" aria-hidden />
          </Stack>
        }
      >
        <Bytes value={total} />
      </Card>
      <Card
        label={t("card.dedup")}
        detail={t("card.dedupDetail", {
          ratio: t("card.times", { ratio: formatNumber(stats.compression_ratio, locale, 1) }),
        })}
      >
        {t("card.times", { ratio: formatNumber(stats.dedup_ratio, locale, 1) })}
      </Card>
      {schedule && <NextRun schedule={schedule} at={health?.next_run_at ?? null} />}
      {schedule && (
        <Card
          label={t("card.retention")}
          detail={
            <Anchor component={Link} href="/schedule" size="sm" underline="always">
              {t("card.change")}
            </Anchor>
          }
        >
          <RetentionWords retention={schedule.retention} />
        </Card>
      )}
    </SimpleGrid>
  );
}

function NextRun({ schedule, at }: { schedule: ScheduleShape; at: string | null }) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const zone = shownZone(schedule.timezone);
  const known = schedule.enabled && at;
  const [value, detail] = schedule.enabled
    ? [t("card.noRun"), t("card.noRunDetail")]
    : [t("card.off"), t("card.offDetail")];
  return (
    <Card
      label={t("card.next")}
      detail={
        known ? t("card.inZone", { time: formatShort(new Date(at), locale, zone), zone }) : detail
      }
    >
      {known ? <When at={at} timeZone={zone} /> : value}
    </Card>
  );
}

interface CardProps {
  label: string;
  detail?: ReactNode;
  children: ReactNode;
}

function Card({ label, detail, children }: CardProps) {
  return (
    <Paper withBorder p={{ base: "sm", sm: "md" }}>
      <Text component="dt" size="sm" c="dimmed" mb={4}>
        {label}
      </Text>
      <Text component="dd" m={0} fz={{ base: 18, sm: 22 }} fw={650} lh={1.25}>
        {children}
      </Text>
      {detail && (
        <Text component="dd" m={0} mt={4} size="sm" c="dimmed">
          {detail}
        </Text>
      )}
    </Paper>
  );
}
