import { Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { BackupMenu, ICONS } from "@/features/backups/BackupMenu";
import { type Action, actionsFor, NEEDS } from "@/features/backups/can";
import { useAct } from "@/features/backups/useAct";
import { ActionButton } from "@/parts/ActionButton";

const FIRST: readonly Action[] = ["restore", "download", "verify", "cancel", "retry"];

/** What one most likely wants to do with a backup, and a menu with the rest. */
export function DetailActions({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const { act, busy } = useAct(backup);
  const first = actionsFor(backup).filter((each) => FIRST.includes(each));
  if (first.length === 0) return null;
  return (
    <Group gap="xs">
      {first.map((action, index) => {
        const Icon = ICONS[action];
        return (
          <ActionButton
            key={action}
            needs={NEEDS[action]}
            size="sm"
            variant={index === 0 && action !== "cancel" ? "filled" : "default"}
            leftSection={<Icon size={17} aria-hidden />}
            loading={busy && action !== "restore" && action !== "verify"}
            onClick={() => act(action)}
          >
            {t(`action.${action}`)}
          </ActionButton>
        );
      })}
      <BackupMenu backup={backup} without={FIRST} size={36} />
    </Group>
  );
}
