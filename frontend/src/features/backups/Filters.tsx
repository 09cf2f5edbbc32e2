import {
  Badge,
  Button,
  Collapse,
  Group,
  MultiSelect,
  Paper,
  SimpleGrid,
  Stack,
  TagsInput,
  TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape, BackupState, BackupType } from "@/api/generated/plan";
import { SearchField } from "@/features/backups/SearchField";
import { useAllBackups } from "@/features/backups/useAllBackups";
import { useView } from "@/features/backups/useView";
import { countFilters, STATES, TYPES, withoutFilters } from "@/features/backups/view";

/** Which backups are shown: by words at once, by all else when it is unfolded. */
export function Filters({ backups }: { backups: BackupShape[] }) {
  const { t } = useTranslation("backups");
  const { view, change } = useView();
  const count = countFilters({ ...view, text: "" });
  const [opened, { toggle }] = useDisclosure(count > 0);
  return (
    <Paper withBorder p="sm" mb="md" component="section" aria-label={t("filter.label")}>
      <Group gap="xs" wrap="nowrap">
        <SearchField value={view.text} onSearch={(text) => change({ text }, { replace: true })} />
        <Button
          variant="default"
          leftSection={<IconFilter size={17} aria-hidden />}
          rightSection={count > 0 && <Badge circle>{count}</Badge>}
          aria-expanded={opened}
          onClick={toggle}
        >
          {t("filter.open")}
        </Button>
      </Group>
      <Collapse expanded={opened}>
        <Stack gap="sm" pt="sm">
          <FilterFields backups={backups} />
          {countFilters(view) > 0 && (
            <Button
              variant="subtle"
              size="xs"
              style={{ alignSelf: "flex-end" }}
              onClick={() => change(withoutFilters(view))}
            >
              {t("filter.clear")}
            </Button>
          )}
        </Stack>
      </Collapse>
    </Paper>
  );
}

function FilterFields({ backups }: { backups: BackupShape[] }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const { view, change } = useView();
  const inZone = (label: string) => (view.zone ? `${label} (${view.zone})` : label);
  return (
    <SimpleGrid cols={{ base: 2, xs: 3, lg: 5 }} spacing="sm" verticalSpacing="xs">
      <MultiSelect
        label={t("filter.status")}
        placeholder={view.status.length ? undefined : word("words.all")}
        data={STATES.map((value) => ({ value, label: word(`status.${value}`) }))}
        value={view.status}
        onChange={(status) => change({ status: status as BackupState[] })}
      />
      <MultiSelect
        label={t("filter.type")}
        placeholder={view.type.length ? undefined : word("words.all")}
        data={TYPES.map((value) => ({ value, label: word(`type.${value}`) }))}
        value={view.type}
        onChange={(type) => change({ type: type as BackupType[] })}
      />
      <TagFilter backups={backups} />
      <TextInput
        type="date"
        label={inZone(t("filter.from"))}
        value={view.from}
        max={view.to || undefined}
        onChange={(event) => change({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={inZone(t("filter.to"))}
        value={view.to}
        min={view.from || undefined}
        onChange={(event) => change({ to: event.currentTarget.value })}
      />
    </SimpleGrid>
  );
}

/** Offers the tags of all backups; those that are not shown are asked for when they are wanted. */
export function TagFilter({ backups }: { backups: readonly BackupShape[] }) {
  const { t } = useTranslation("backups");
  const { view, change } = useView();
  const [wanted, setWanted] = useState(false);
  const { data = [] } = useAllBackups({ enabled: wanted });
  const tags = new Set([...backups, ...data].flatMap((each) => each.tags));
  return (
    <TagsInput
      label={t("filter.tag")}
      placeholder={view.tag.length ? undefined : t("filter.tagHint")}
      data={[...tags].sort()}
      value={view.tag}
      onFocus={() => setWanted(true)}
      onChange={(tag) => change({ tag })}
      clearable
    />
  );
}
