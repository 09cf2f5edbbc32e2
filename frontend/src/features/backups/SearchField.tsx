import { CloseButton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

interface SearchFieldProps {
  value: string;
  onSearch: (text: string) => void;
  /** What is looked for; backups, if nothing is said. */
  label?: string;
  hint?: string;
}

/** Words to find something by; the server is asked when the typing pauses. */
export function SearchField({ value, onSearch, label, hint }: SearchFieldProps) {
  const { t } = useTranslation("backups");
  const [typed, setTyped] = useState(value);
  const search = useDebouncedCallback(onSearch, 300);
  // The address may change by itself: by the way back, or when the filters are taken off.
  useEffect(() => setTyped(value), [value]);
  const take = (text: string) => {
    setTyped(text);
    search(text);
  };
  return (
    <TextInput
      type="search"
      flex={1}
      maxLength={200}
      aria-label={label ?? t("filter.text")}
      placeholder={hint ?? t("filter.textHint")}
      leftSection={<IconSearch size={17} aria-hidden />}
      rightSection={
        typed && (
          <CloseButton size="sm" aria-label={t("filter.textClear")} onClick={() => take("")} />
        )
      }
      value={typed}
      onChange={(event) => take(event.currentTarget.value)}
    />
  );
}
