import { ActionIcon, Menu, Text } from "@mantine/core";
import {
  IconDots,
  IconDownload,
  IconEdit,
  IconFlask,
  IconHistory,
  IconLock,
  IconLockOpen,
  IconPlayerStop,
  IconRefresh,
  IconShieldCheck,
  IconTrash,
} from "@tabler/icons-react";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { type Action, actionsFor, NEEDS } from "@/features/backups/can";
import { nameOf } from "@/features/backups/name";
import { useAct } from "@/features/backups/useAct";
import { useLocale } from "@/i18n/useLocale";
import { AccessContext, useMay } from "@/parts/access";

export const ICONS: Record<Action, typeof IconDots> = {
  restore: IconHistory,
  download: IconDownload,
  verify: IconShieldCheck,
  drill: IconFlask,
  keep: IconLock,
  release: IconLockOpen,
  describe: IconEdit,
  cancel: IconPlayerStop,
  retry: IconRefresh,
  delete: IconTrash,
};

interface BackupMenuProps {
  backup: BackupShape;
  /** Those that stand beside it as buttons. */
  without?: readonly Action[];
  size?: number;
}

/** What can be done with one backup. */
export function BackupMenu({ backup, without = [], size = 30 }: BackupMenuProps) {
  const locale = useLocale();
  const { t } = useTranslation("backups");
  const { act, busy } = useAct(backup);
  const allowed = useContext(AccessContext);
  const actions = actionsFor(backup).filter((each) => !without.includes(each));
  if (actions.length === 0) return null;
  return (
    <Menu
      position="bottom-end"
      shadow="md"
      width={270}
      returnFocus
      // Where the reader is: within the landmark of the list, or within the drawer.
      withinPortal={false}
      withInitialFocusPlaceholder={false}
    >
      <Menu.Target>
        <ActionIcon
          variant={size > 30 ? "default" : "subtle"}
          color="gray"
          size={size}
          loading={busy}
          aria-label={t("list.actionsFor", { name: nameOf(backup, locale) })}
        >
          <IconDots size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {actions.map((action) => (
          <Item key={action} action={action} backup={backup} onPick={() => act(action)} />
        ))}
        {!actions.every((each) => allowed.has(NEEDS[each])) && (
          <Menu.Label>{t("action.denied")}</Menu.Label>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

interface ItemProps {
  action: Action;
  backup: BackupShape;
  onPick: () => void;
}

function Item({ action, backup, onPick }: ItemProps) {
  const { t } = useTranslation("backups");
  const may = useMay(NEEDS[action]);
  const kept = action === "delete" && backup.keep;
  const Icon = ICONS[action];
  return (
    <>
      {action === "delete" && <Menu.Divider />}
      <Menu.Item
        leftSection={<Icon size={17} aria-hidden />}
        c={action === "delete" && may && !kept ? "var(--mantine-color-error)" : undefined}
        disabled={!may || kept}
        onClick={onPick}
      >
        {t(`action.${action}`)}
        {may && kept && (
          <Text size="xs" c="dimmed">
            {t("action.deleteKept")}
          </Text>
        )}
      </Menu.Item>
    </>
  );
}
