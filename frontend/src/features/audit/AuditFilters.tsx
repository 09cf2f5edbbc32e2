import {
  Badge,
  Button,
  Collapse,
  Group,
  Paper,
  Select,
  SimpleGrid,
  Stack,
  TextInput,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { AuditOutcome } from "@/api/generated/plan";
import { TypedField } from "@/features/audit/TypedField";
import { AUDIT, countFilters, OUTCOMES, PLAIN } from "@/features/audit/view";
import { ACTIONS, isKnown } from "@/features/audit/words";
import { useListAddress } from "@/parts/useListAddress";

/** Which entries are shown; on phones they are unfolded first. */
export function AuditFilters() {
  const { t } = useTranslation("audit");
  const { view, change } = useListAddress(AUDIT);
  const count = countFilters(view);
  const [opened, { toggle }] = useDisclosure(count > 0);
  return (
    <Paper withBorder p="sm" mb="md" component="section" aria-label={t("filter.label")}>
      <Group gap="xs" justify="space-between">
        <Button
          variant="default"
          leftSection={<IconFilter size={17} aria-hidden />}
          rightSection={count > 0 && <Badge circle>{count}</Badge>}
          aria-expanded={opened}
          onClick={toggle}
        >
          {t("filter.open")}
        </Button>
        {count > 0 && (
          <Button variant="subtle" onClick={() => change({ ...PLAIN, limit: view.limit })}>
            {t("filter.clear")}
          </Button>
        )}
      </Group>
      <Collapse expanded={opened}>
        <Stack gap="sm" pt="sm">
          <Fields />
        </Stack>
      </Collapse>
    </Paper>
  );
}

function Fields() {
  const { t } = useTranslation("audit");
  const { t: word } = useTranslation();
  const { view, change } = useListAddress(AUDIT);
  const unknown = view.action && !isKnown(view.action) ? [view.action] : [];
  return (
    <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="sm" verticalSpacing="xs">
      <TypedField
        label={t("filter.actor")}
        description={t("filter.whole")}
        value={view.actor}
        onTyped={(actor) => change({ actor }, { replace: true })}
      />
      <Select
        label={t("filter.action")}
        description={t("filter.actionAbout")}
        placeholder={word("words.all")}
        data={[
          ...ACTIONS.map((value) => ({ value, label: t(`action.${value}`) })),
          ...unknown.map((value) => ({ value, label: value })),
        ]}
        value={view.action || null}
        onChange={(action) => change({ action: action ?? "" })}
        clearButtonProps={{ "aria-label": t("filter.clearAction") }}
        clearable
        searchable
      />
      <TypedField
        label={t("filter.object")}
        description={t("filter.objectAbout")}
        value={view.object}
        onTyped={(object) => change({ object }, { replace: true })}
      />
      <Select
        label={t("filter.outcome")}
        placeholder={word("words.all")}
        data={OUTCOMES.map((value) => ({ value, label: t(`outcome.${value}`) }))}
        value={view.outcome || null}
        onChange={(outcome) => change({ outcome: (outcome ?? "") as AuditOutcome | "" })}
        clearButtonProps={{ "aria-label": t("filter.clearOutcome") }}
        clearable
      />
      <TextInput
        type="date"
        label={t("filter.from")}
        value={view.from}
        max={view.to || undefined}
        onChange={(event) => change({ from: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label={t("filter.to")}
        value={view.to}
        min={view.from || undefined}
        onChange={(event) => change({ to: event.currentTarget.value })}
      />
    </SimpleGrid>
  );
}
