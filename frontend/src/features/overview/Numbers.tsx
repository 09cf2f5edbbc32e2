import { Flex, Paper, SimpleGrid, Skeleton, Text, Title } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { HealthShape, StatsShape } from "@/api/generated/plan";
import { Calendar } from "@/features/overview/Calendar";
import { Cards } from "@/features/overview/Cards";
import { coverageOf, firstDayFor, goneOf, type Made, weeksOf } from "@/features/overview/calendar";
import classes from "@/features/overview/overview.module.css";
import { pointsOf, type Run } from "@/features/overview/runs";
import { Timeline } from "@/features/overview/Timeline";
import { useMadeBackups } from "@/features/overview/useMadeBackups";
import { useRecentRuns } from "@/features/overview/useRecentRuns";
import { useScheduleGlance } from "@/features/overview/useScheduleGlance";
import { shownZone } from "@/format/zones";
import { useLocale } from "@/i18n/useLocale";
import { Loaded, Loading } from "@/parts/States";
import { useNow } from "@/parts/useNow";

const WEEKS = 10;
const DAY_MS = 86_400_000;
const NONE: readonly Made[] = [];

interface NumbersProps {
  stats: UseQueryResult<StatsShape>;
  health: HealthShape | undefined;
}

/** The cards, the charts and the calendar. */
export function Numbers({ stats, health }: NumbersProps) {
  const schedule = useScheduleGlance();
  const now = useNow();
  // The same through the day, so that it is asked for once: a week more than is ever shown.
  const from = new Date(now.getTime() - (WEEKS * 7 + 1) * DAY_MS).toISOString().slice(0, 10);
  const recent = useRecentRuns(`${from}T00:00:00Z`);
  const made = useMadeBackups(`${from}T00:00:00Z`);
  const timeZone = shownZone(schedule.data?.timezone ?? "UTC");
  const points = useMemo(() => pointsOf(recent.data?.runs ?? []), [recent.data]);
  return (
    <>
      <Loaded query={stats} loading={<CardsLoading />}>
        {(found) => (
          <Cards
            stats={found}
            health={health}
            schedule={schedule.data}
            latest={recent.data?.runs.find(({ id }) => id === health?.last_success_id)}
          />
        )}
      </Loaded>
      <Loaded query={recent} loading={<Loading rows={1} height={420} />}>
        {({ runs, complete }) => (
          <Flex gap="md" align="stretch" direction={{ base: "column", md: "row" }}>
            <div className={classes.timeline}>
              <Timeline points={points} weeks={WEEKS} timeZone={timeZone} />
            </div>
            <Days
              runs={runs}
              made={made.data ?? NONE}
              complete={complete}
              since={complete ? stats.data?.oldest_at : runs.at(-1)?.created_at}
              nextRun={health?.next_run_at}
              timeZone={timeZone}
            />
          </Flex>
        )}
      </Loaded>
    </>
  );
}

interface DaysProps {
  runs: readonly Run[];
  /** The jobs that made backups, also those that are gone. */
  made: readonly Made[];
  /** Whether the runs are all there are. */
  complete: boolean;
  since: string | null | undefined;
  nextRun: string | null | undefined;
  timeZone: string;
}

function Days({ runs, made, complete, since, nextRun, timeZone }: DaysProps) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const now = useNow();
  const firstDay = firstDayFor(locale);
  const weeks = useMemo(() => {
    const gone = goneOf(made, runs, complete ? undefined : (since ?? undefined));
    return weeksOf(runs, { now, timeZone, weeks: WEEKS, firstDay, since, gone, nextRun });
  }, [runs, made, complete, now, timeZone, firstDay, since, nextRun]);
  const { covered, days } = coverageOf(weeks);
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="days" className={classes.days}>
      <Title order={2} size="h4" id="days">
        {t("calendar.title")}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t("calendar.covered", { covered, count: days, zone: timeZone })}
      </Text>
      <Calendar weeks={weeks} timeZone={timeZone} />
    </Paper>
  );
}

function CardsLoading() {
  return (
    <SimpleGrid cols={{ base: 2, lg: 3 }} spacing={{ base: "xs", sm: "md" }}>
      {["a", "b", "c", "d", "e", "f"].map((each) => (
        <Skeleton key={each} height={106} radius="md" />
      ))}
    </SimpleGrid>
  );
}
