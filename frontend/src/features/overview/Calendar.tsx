import { Text, VisuallyHidden } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { addressOfDay } from "@/features/overview/addresses";
import classes from "@/features/overview/Calendar.module.css";
import type { Day } from "@/features/overview/calendar";
import { DaySign, Legend } from "@/features/overview/Legend";
import { dayAfterKey } from "@/features/overview/moving";
import { formatCalendarDay } from "@/features/overview/words";
import { useLocale } from "@/i18n/useLocale";

interface CalendarProps {
  weeks: readonly (readonly Day[])[];
  /** Whose days they are. */
  timeZone: string;
}

/** Whether the list of backups has any of a day. */
const isListed = ({ good, flawed }: Day) => good + flawed > 0;

/** The days that backups cover, a column for each week; one stop for the keyboard, then arrows. */
export function Calendar({ weeks, timeZone }: CalendarProps) {
  const { t } = useTranslation("overview");
  const locale = useLocale();
  const grid = useRef<HTMLDivElement>(null);
  const days = weeks.flat();
  const today = days.findIndex((day) => day.today);
  const [chosen, setChosen] = useState<number>();
  const stop = chosen ?? today;
  const shown = chosen === undefined ? undefined : days[chosen];

  const [, go] = useLocation();
  const open = (day: Day | undefined) => {
    if (day && isListed(day)) go(addressOfDay(day.date, timeZone));
  };
  const move = (event: KeyboardEvent) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      open(days[stop]);
      return;
    }
    const next = dayAfterKey(event.key, stop, days.length);
    if (next === undefined) return;
    event.preventDefault();
    setChosen(next);
    grid.current?.querySelector<HTMLElement>(`[data-day="${next}"]`)?.focus();
  };

  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a grid to move in, not a table to read */}
      <div
        ref={grid}
        role="grid"
        tabIndex={-1}
        aria-label={t("calendar.label")}
        className={classes.grid}
        onKeyDown={move}
      >
        <GridRow>
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <span role="gridcell" tabIndex={-1} />
          {weeks.map((week, at) => (
            // biome-ignore lint/a11y/useSemanticElements: see above
            <span key={week[0]?.date} role="columnheader" tabIndex={-1} className={classes.month}>
              <span aria-hidden>{monthOf(week[0], weeks[at - 1]?.[0], locale)}</span>
              <VisuallyHidden>
                {week[0] && t("calendar.week", { day: formatCalendarDay(week[0].date, locale) })}
              </VisuallyHidden>
            </span>
          ))}
        </GridRow>
        {weeks[0]?.map((first, row) => (
          <GridRow key={first.date}>
            {/* biome-ignore lint/a11y/useSemanticElements: see above */}
            <span role="rowheader" tabIndex={-1} className={classes.weekday}>
              {formatPart(first, locale, { weekday: "short" })}
            </span>
            {days
              .filter((_, at) => at % 7 === row)
              .map((day, column) => {
                const at = column * 7 + row;
                return (
                  // biome-ignore lint/a11y/useSemanticElements: see above
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
                  <span
                    key={day.date}
                    role="gridcell"
                    tabIndex={at === stop ? 0 : -1}
                    data-day={at}
                    data-state={day.state}
                    data-today={day.today || undefined}
                    aria-label={describe(day)}
                    className={classes.day}
                    data-listed={isListed(day) || undefined}
                    onClick={() => open(day)}
                    onFocus={() => setChosen(at)}
                    onMouseEnter={() => setChosen(at)}
                  >
                    <DaySign state={day.state} />
                  </span>
                );
              })}
          </GridRow>
        ))}
      </div>
      <Text size="sm" mt="xs" mih={44} aria-hidden>
        {shown ? describe(shown) : t("calendar.hint")}
      </Text>
      <Legend days={days} />
    </>
  );

  function describe(day: Day): string {
    const date = formatCalendarDay(day.date, locale);
    const parts = [
      day.good > 0 && t("calendar.good", { count: day.good }),
      day.proven > 0 && t("calendar.proven", { count: day.proven }),
      day.gone > 0 && t("calendar.gone", { count: day.gone }),
      day.flawed > 0 && t("calendar.flawed", { count: day.flawed }),
    ].filter((part) => part !== false);
    const said = parts.length > 0 ? parts.join(", ") : t(`calendar.state.${day.state}`);
    return `${date}${day.today ? ` (${t("calendar.today")})` : ""}: ${said}`;
  }
}

function GridRow({ children }: { children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a grid to move in, not a table to read
    <div role="row" tabIndex={-1} className={classes.row}>
      {children}
    </div>
  );
}

/** The month above the first week that begins in it. */
function monthOf(first: Day | undefined, before: Day | undefined, locale: string): string {
  if (!first || first.date.slice(0, 7) === before?.date.slice(0, 7)) return "";
  return formatPart(first, locale, { month: "short" });
}

function formatPart(day: Day, locale: string, part: Intl.DateTimeFormatOptions): string {
  const format = new Intl.DateTimeFormat(locale, { ...part, timeZone: "UTC" });
  return format.format(new Date(`${day.date}T00:00Z`));
}
