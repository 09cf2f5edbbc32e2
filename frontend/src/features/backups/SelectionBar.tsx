import { Button, Group, Paper, Text } from "@mantine/core";
import { IconLock, IconShieldCheck, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useAsking } from "@/features/backups/asking";
import type { BatchKind } from "@/features/backups/batch";
import type { Selection } from "@/features/backups/useSelection";
import { ActionButton } from "@/parts/ActionButton";
import type { Permission } from "@/parts/access";
import { Bytes } from "@/parts/Values";

const WAYS: ReadonlyArray<{ kind: BatchKind; needs: Permission; icon: typeof IconLock }> = [
  { kind: "verify", needs: "run", icon: IconShieldCheck },
  { kind: "keep", needs: "administer", icon: IconLock },
  { kind: "delete", needs: "administer", icon: IconTrash },
];

/** What can be done with the chosen backups; at the foot of the window while there are some. */
export function SelectionBar({ selection }: { selection: Selection }) {
  const { t } = useTranslation("backups");
  const { ask } = useAsking();
  const { chosen, here, clear } = selection;
  const elsewhere = chosen.length - here.length;
  if (chosen.length === 0) return null;
  const bytes = chosen.reduce((sum, each) => sum + each.original_size_bytes, 0);
  return (
    <Paper
      withBorder
      shadow="md"
      p="xs"
      mt="sm"
      pl="md"
      role="region"
      aria-label={t("selection.label")}
      pos="sticky"
      bottom={12}
      style={{ zIndex: 10 }}
    >
      <Group justify="space-between" gap="xs">
        <Text size="sm" aria-live="polite">
          <b>{t("selection.count", { count: chosen.length })}</b>
          {elsewhere > 0 && `, ${t("selection.elsewhere", { count: elsewhere })}`}
          {" · "}
          <Bytes value={bytes} />
        </Text>
        <Group gap="xs">
          {WAYS.map(({ kind, needs, icon: Icon }) => (
            <ActionButton
              key={kind}
              needs={needs}
              size="xs"
              variant="default"
              c={kind === "delete" ? "var(--mantine-color-error)" : undefined}
              leftSection={<Icon size={15} aria-hidden />}
              onClick={() => ask({ kind, backups: chosen })}
            >
              {t(`action.${kind}`)}
            </ActionButton>
          ))}
          <Button size="xs" variant="subtle" color="gray" onClick={clear}>
            {t("selection.clear")}
          </Button>
        </Group>
      </Group>
    </Paper>
  );
}
