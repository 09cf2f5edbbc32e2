import { type ComboboxItem, Select } from "@mantine/core";
import type { ReactNode } from "react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { isZoneMatch, timeIn, zonesWith } from "@/features/schedule/zones";
import { ownZone } from "@/format/zones";
import { useLocale } from "@/i18n/useLocale";
import { useNow } from "@/parts/useNow";

interface ZonePickerProps {
  value: string;
  onChange: (zone: string) => void;
  error: ReactNode;
}

/** The zone that the schedule is read in; found by any part of its name. */
export function ZonePicker({ value, onChange, error }: ZonePickerProps) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  const zones = useMemo(() => zonesWith(value, ownZone()), [value]);
  const now = timeIn(value, useNow(), locale);
  return (
    <Select
      label={t("field.zone")}
      description={now === null ? undefined : t("field.zoneNow", { time: now })}
      inputWrapperOrder={["label", "input", "description", "error"]}
      data={zones}
      value={value}
      onChange={(zone) => zone && onChange(zone)}
      error={error}
      searchable
      allowDeselect={false}
      // All of them would make the list slow to open; typing finds the others.
      limit={60}
      filter={({ options, search, limit }) =>
        (options as ComboboxItem[])
          .filter((option) => isZoneMatch(option.value, search))
          .slice(0, limit)
      }
      nothingFoundMessage={t("field.zoneUnknown")}
      selectFirstOptionOnChange
    />
  );
}
