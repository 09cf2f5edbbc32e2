import { Button, Group, Paper, Stack, Text } from "@mantine/core";
import { IconPencil } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import type { Part } from "@/features/schedule/draft";
import { listOf } from "@/features/schedule/words";
import { useLocale } from "@/i18n/useLocale";
import { ProblemText } from "@/parts/States";

interface SaveBarProps {
  parts: readonly Part[];
  /** What must be decided first. */
  notice: ReactNode;
  /** Whether the draft cannot be saved as it is; the field says why. */
  incomplete: boolean;
  /** What would come of it, in a line. */
  effect: ReactNode;
  saving: boolean;
  error: unknown;
  onSave: () => void;
  onDiscard: () => void;
}

/** Says what is not saved yet; it stays in view until that is decided. */
export function SaveBar({
  parts,
  notice,
  incomplete,
  effect,
  saving,
  error,
  onSave,
  onDiscard,
}: SaveBarProps) {
  const { t } = useTranslation(["schedule", "common"]);
  const locale = useLocale();
  if (parts.length === 0) return null;
  const names = listOf(
    parts.map((part) => t(`part.${part}`)),
    locale,
  );
  return (
    <Paper
      component="section"
      aria-label={t("unsaved.label")}
      withBorder
      shadow="md"
      p="sm"
      pos="sticky"
      bottom={12}
      style={{ zIndex: 5, borderColor: "var(--mantine-primary-color-filled)" }}
    >
      <Stack gap="sm">
        {notice}
        {error !== null && (
          <div role="alert">
            <ProblemText problem={toProblem(error)} />
          </div>
        )}
        <Group justify="space-between" gap="sm">
          <Group gap="xs" wrap="nowrap">
            <IconPencil size={18} aria-hidden />
            <div>
              <Text size="sm" fw={600} role="status">
                {t("unsaved.what", { what: names })}
              </Text>
              <Text size="sm" c="dimmed">
                {incomplete ? t("unsaved.incomplete") : effect}
              </Text>
            </div>
          </Group>
          <Group gap="xs">
            <Button variant="default" onClick={onDiscard} disabled={saving}>
              {t("unsaved.discard")}
            </Button>
            <Button onClick={onSave} loading={saving} disabled={incomplete || Boolean(notice)}>
              {t("common:actions.save")}
            </Button>
          </Group>
        </Group>
      </Stack>
    </Paper>
  );
}
