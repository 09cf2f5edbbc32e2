import { Button, Group, MultiSelect, Paper, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { JobKind, JobStatus } from "@/api/generated/plan";
import { isFiltered, JOBS, KINDS, PLAIN, STATUSES } from "@/features/jobs/view";
import { useListAddress } from "@/parts/useListAddress";

/** Which jobs are shown. */
export function JobFilters() {
  const { t } = useTranslation("jobs");
  const { t: word } = useTranslation();
  const { view, change } = useListAddress(JOBS);
  return (
    <Paper withBorder p="sm" mb="md" component="section" aria-label={t("filter.label")}>
      <Group gap="sm" align="flex-end">
        <MultiSelect
          label={t("filter.kind")}
          placeholder={view.kind.length ? undefined : word("words.all")}
          data={KINDS.map((value) => ({ value, label: word(`kind.${value}`) }))}
          value={view.kind}
          onChange={(kind) => change({ kind: kind as JobKind[] })}
          clearButtonProps={{ "aria-label": t("filter.clearKind") }}
          clearable
          flex="1 1 240px"
        />
        <MultiSelect
          label={t("filter.status")}
          placeholder={view.status.length ? undefined : word("words.all")}
          data={STATUSES.map((value) => ({ value, label: word(`status.${value}`) }))}
          value={view.status}
          onChange={(status) => change({ status: status as JobStatus[] })}
          clearButtonProps={{ "aria-label": t("filter.clearStatus") }}
          clearable
          flex="1 1 240px"
        />
        {isFiltered(view) && (
          <Button variant="subtle" onClick={() => change({ ...PLAIN, limit: view.limit })}>
            {t("filter.clear")}
          </Button>
        )}
      </Group>
      {view.backup && (
        <Group gap="xs" mt="sm">
          <Text size="sm">{t("filter.backup")}</Text>
          <Button
            variant="default"
            size="compact-sm"
            rightSection={<IconX size={14} aria-hidden />}
            aria-label={`${view.backup}: ${t("filter.clearBackup")}`}
            onClick={() => change({ backup: "" })}
          >
            {view.backup}
          </Button>
        </Group>
      )}
    </Paper>
  );
}
