import { Group, Stack, Text } from "@mantine/core";
import { IconCheck, IconCircleDashed, IconMinus, IconPoint, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import classes from "@/features/overview/Calendar.module.css";
import type { Day, DayState } from "@/features/overview/calendar";

const SIGNS = {
  proven: IconCheck,
  covered: IconPoint,
  gone: IconCircleDashed,
  failed: IconX,
  none: IconMinus,
} as const;
const SHOWN = ["proven", "covered", "gone", "failed", "none"] as const;

/** What tells how a day is covered without its colour. */
export function DaySign({ state }: { state: DayState }) {
  if (!(state in SIGNS)) return null;
  const Icon = SIGNS[state as keyof typeof SIGNS];
  return <Icon size={14} stroke={2.5} aria-hidden />;
}

/** What the signs of the calendar mean, and how many days have each. */
export function Legend({ days }: { days: readonly Day[] }) {
  const { t } = useTranslation("overview");
  return (
    <Stack component="ul" gap={6} m={0} p={0} className={classes.legend}>
      {SHOWN.map((state) => (
        <Group component="li" key={state} gap="xs" wrap="nowrap">
          <span className={classes.day} data-state={state}>
            <DaySign state={state} />
          </span>
          <Text size="sm" flex={1}>
            {t(`calendar.state.${state}`)}
          </Text>
          <Text size="sm" c="dimmed">
            {t("calendar.days", { count: days.filter((day) => day.state === state).length })}
          </Text>
        </Group>
      ))}
    </Stack>
  );
}
