import { Chip, Group, Input, NumberInput, Select, SimpleGrid, TextInput } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import {
  type CronForm,
  HOUR_STEPS,
  RHYTHMS,
  type Rhythm,
  withRhythm,
} from "@/features/schedule/cron";
import { ExpressionField } from "@/features/schedule/ExpressionField";
import { fromMonday, weekdayName } from "@/features/schedule/words";
import { useLocale } from "@/i18n/useLocale";

interface CronFieldsProps {
  form: CronForm;
  onChange: (form: CronForm) => void;
  /** What the server has against the expression. */
  error: ReactNode;
}

const WEEK = fromMonday([0, 1, 2, 3, 4, 5, 6]);
const CLOCK_WIDTH = 140;

/** How often, and then what that rhythm needs to know. */
export function CronFields({ form, onChange, error }: CronFieldsProps) {
  const { t } = useTranslation("schedule");
  const set = (changes: Partial<CronForm>) => onChange({ ...form, ...changes });
  const { rhythm } = form;
  const atClock = rhythm === "daily" || rhythm === "weekly" || rhythm === "monthly";
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="md">
        <Select
          label={t("rhythm.label")}
          data={RHYTHMS.map((each) => ({ value: each, label: t(`rhythm.${each}`) }))}
          value={rhythm}
          onChange={(chosen) => chosen && onChange(withRhythm(form, chosen as Rhythm))}
          allowDeselect={false}
        />
        {rhythm === "hours" && (
          <Select
            label={t("field.every")}
            data={HOUR_STEPS.map((step) => ({
              value: String(step),
              label: t("field.everyHours", { count: step }),
            }))}
            value={String(form.every)}
            onChange={(chosen) => chosen && set({ every: Number(chosen) })}
            allowDeselect={false}
          />
        )}
        {(rhythm === "hours" || rhythm === "hourly") && (
          <NumberInput
            label={t("field.minute")}
            value={form.minute}
            onChange={(minute) => set({ minute: Number(minute) || 0 })}
            min={0}
            max={59}
            clampBehavior="strict"
            allowDecimal={false}
            allowNegative={false}
          />
        )}
        {rhythm === "monthly" && <DayOfMonth day={form.day} onChange={(day) => set({ day })} />}
        {atClock && (
          <TextInput
            type="time"
            label={t("field.time")}
            value={form.time}
            onChange={(event) => set({ time: event.currentTarget.value })}
            error={form.time === "" && t("field.timeMissing")}
            maw={{ xs: CLOCK_WIDTH }}
            required
            withAsterisk={false}
          />
        )}
      </SimpleGrid>
      {rhythm === "weekly" && (
        <Weekdays chosen={form.weekdays} onChange={(weekdays) => set({ weekdays })} />
      )}
      {rhythm === "own" && (
        <ExpressionField
          value={form.expression}
          onChange={(expression) => set({ expression })}
          refusal={error}
        />
      )}
    </>
  );
}

function Weekdays({
  chosen,
  onChange,
}: {
  chosen: number[];
  onChange: (weekdays: number[]) => void;
}) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  return (
    <Input.Wrapper
      label={t("field.weekdays")}
      labelElement="div"
      error={chosen.length === 0 && t("field.weekdaysMissing")}
    >
      <Chip.Group
        multiple
        value={chosen.map(String)}
        onChange={(values) => onChange(values.map(Number).sort((a, b) => a - b))}
      >
        <Group gap={6} role="group" aria-label={t("field.weekdays")} mt={4}>
          {WEEK.map((weekday) => (
            <Chip
              key={weekday}
              value={String(weekday)}
              size="sm"
              radius="sm"
              aria-label={weekdayName(weekday, locale)}
            >
              {weekdayName(weekday, locale, "short")}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
    </Input.Wrapper>
  );
}

function DayOfMonth({
  day,
  onChange,
}: {
  day: CronForm["day"];
  onChange: (day: CronForm["day"]) => void;
}) {
  const { t } = useTranslation("schedule");
  const days = Array.from({ length: 31 }, (_, index) => String(index + 1));
  return (
    <Select
      label={t("field.day")}
      data={[
        { value: "L", label: t("field.lastDay") },
        ...days.map((each) => ({ value: each, label: t("field.dayNumber", { day: each }) })),
      ]}
      value={String(day)}
      onChange={(chosen) => chosen && onChange(chosen === "L" ? "L" : Number(chosen))}
      description={day !== "L" && day > 28 ? t("field.dayMissing") : undefined}
      inputWrapperOrder={["label", "input", "description", "error"]}
      allowDeselect={false}
    />
  );
}
