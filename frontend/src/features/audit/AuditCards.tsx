import { Button, Collapse, Group, Paper, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconChevronDown } from "@tabler/icons-react";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { AuditEntryShape } from "@/api/generated/plan";
import { About, Actor, Outcome, Particulars, useActionWords } from "@/features/audit/cells";
import { When } from "@/parts/Values";

/** The entries as cards, where a table has no room. */
export function AuditCards({ entries }: { entries: readonly AuditEntryShape[] }) {
  const { t } = useTranslation("audit");
  return (
    <Stack component="ul" gap="xs" p={0} m={0} aria-label={t("title")}>
      {entries.map((entry) => (
        <EntryCard key={entry.number} entry={entry} />
      ))}
    </Stack>
  );
}

function EntryCard({ entry }: { entry: AuditEntryShape }) {
  const { t } = useTranslation("audit");
  const [opened, { toggle }] = useDisclosure();
  const words = useActionWords(entry.action);
  const id = useId();
  return (
    <Paper component="li" withBorder p="sm" style={{ listStyle: "none" }}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xs">
        <Text fw={600} size="sm">
          {words}
        </Text>
        <Outcome entry={entry} />
      </Group>
      {(entry.object ?? entry.job_id) && (
        <Text size="sm" style={{ overflowWrap: "anywhere" }}>
          <About entry={entry} />
        </Text>
      )}
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed">
          <Actor entry={entry} /> · <When at={entry.at} />
        </Text>
        <Button
          variant="subtle"
          size="compact-sm"
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-expanded={opened}
          aria-controls={id}
          aria-label={t("list.moreOf", { what: words, number: entry.number })}
          onClick={toggle}
        >
          {t("list.more")}
        </Button>
      </Group>
      <Collapse expanded={opened} id={id}>
        <Particulars entry={entry} />
      </Collapse>
    </Paper>
  );
}
