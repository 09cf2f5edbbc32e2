import { Anchor, Paper, Progress, SimpleGrid, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { HealthShape, ScheduleShape, StatsShape } from "@/api/generated/plan";
import { unusedOf } from "@/backup/unused";
import { Ago } from "@/features/overview/Ago";
import { RetentionWords } from "@/features/overview/RetentionWords";
import type { Run } from "@/features/overview/runs";
import { formatShort } from "@/format/times";
import { shownZone } from "@/format/zones";
import { useLocale } from "@/i18n/useLocale";
import { useMay } from "@/parts/access";
import { Bytes, Count, Ratio, Share, Took, When } from "@/parts/Values";

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
  // What a backup that is being made has stored so far is not yet of any backup.
  const settled = health?.running_jobs.length === 0;
  return (
    <SimpleGrid component="dl" cols={{ base: 2, lg: 3 }} spacing={{ base: "xs", sm: "md" }} m={0}>
      <Card label={t("card.backups")} detail={t("card.proven", { count: stats.verified_backups })}>
        <Count value={stats.total_backups} />
      </Card>
      <Card label={t("card.latest")} detail={latest && <Latest run={latest} />}>
        {health?.last_success_at ? <Ago at={health.last_success_at} /> : t("card.none")}
      </Card>
      <Card label={t("card.size")} detail={<Occupied stats={stats} settled={settled} />}>
        <Bytes value={stats.total_size_bytes} />
      </Card>
      <Card
        label={t("card.dedup")}
        detail={
          <Trans
            t={t}
            i18nKey="card.dedupDetail"
            components={{ ratio: <Ratio value={stats.compression_ratio} sign="×" /> }}
          />
        }
      >
        <Ratio value={stats.dedup_ratio} sign="×" />
      </Card>
      {schedule && <NextRun schedule={schedule} at={health?.next_run_at ?? null} />}
      {schedule && (
        <Card label={t("card.retention")} detail={<RetentionLink />}>
          <RetentionWords retention={schedule.retention} />
        </Card>
      )}
    </SimpleGrid>
  );
}

/** Leads to the rules; who may not change them is not told to. */
function RetentionLink() {
  const { t } = useTranslation("overview");
  const may = useMay("administer");
  return (
    <Anchor component={Link} href="/schedule" size="sm" underline="always">
      {may ? t("card.change") : t("card.see")}
    </Anchor>
  );
}

function Latest({ run }: { run: Run }) {
  const { t } = useTranslation("overview");
  const size = <Bytes value={run.original_size_bytes} />;
  return (
    <Anchor component={Link} href={`/backups/${run.id}`} size="sm" underline="always">
      {run.duration_s === null ? (
        size
      ) : (
        <Trans
          t={t}
          i18nKey="card.latestDetail"
          components={{ size, time: <Took seconds={run.duration_s} /> }}
        />
      )}
    </Anchor>
  );
}

/** What the repository occupies; and what of that no backup uses, if it is worth a prune. */
function Occupied({ stats, settled }: { stats: StatsShape; settled: boolean }) {
  const { t } = useTranslation("overview");
  const { total_size_bytes: total, stored_size_bytes: occupied } = stats;
  const unused = settled ? unusedOf(stats) : 0;
  const isPart = occupied <= total && total > 0;
  return (
    <Stack gap={6}>
      <span>
        <Trans
          t={t}
          i18nKey={isPart ? "card.occupiesShare" : "card.occupies"}
          components={{
            size: <Bytes value={occupied} />,
            share: <Share value={occupied} of={total} />,
          }}
        />
      </span>
      {isPart && <Progress value={(occupied / total) * 100} size="sm" aria-hidden />}
      {unused > 0 && (
        <span>
          <Trans
            t={t}
            i18nKey="card.unused"
            components={{
              size: <Bytes value={unused} />,
              prune: <Anchor component={Link} href="/repository" inherit underline="always" />,
            }}
          />
        </span>
      )}
    </Stack>
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
