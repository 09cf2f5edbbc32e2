import { ActionIcon, Menu } from "@mantine/core";
import {
  IconDots,
  IconKey,
  IconLock,
  IconLockOpen,
  IconTrash,
  IconUserCog,
} from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { UserView } from "@/api/generated/server";
import { useChangeUser } from "@/features/users/useUsers";
import { lazily } from "@/parts/lazily";
import { sayDone, sayFailed } from "@/parts/say";

const ChangeDialog = lazily(() => import("@/features/users/ChangeDialog"));
const RemoveDialog = lazily(() => import("@/features/users/RemoveDialog"));
type Open = "role" | "password" | "remove" | null;

/** What can be done with a user. */
export function UserMenu({ user }: { user: UserView }) {
  const { t } = useTranslation("users");
  const [open, setOpen] = useState<Open>(null);
  const change = useChangeUser();
  const name = user.username;
  const lock = () =>
    change.mutate(
      { username: name, disabled: !user.disabled },
      {
        onSuccess: () => sayDone(t(user.disabled ? "users.unlocked" : "users.locked", { name })),
        onError: (error) => sayFailed(t("users.failed", { name }), error),
      },
    );
  return (
    <>
      <Menu
        position="bottom-end"
        returnFocus
        // Beside the table, which would cut it off, but within the landmark of the screen.
        portalProps={{ target: "main" }}
        withInitialFocusPlaceholder={false}
      >
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            loading={change.isPending}
            aria-label={t("users.actions", { name })}
          >
            <IconDots aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {user.logs_in_by === "password" && (
            <>
              <Menu.Item leftSection={<IconUserCog size={16} />} onClick={() => setOpen("role")}>
                {t("change.role")}
              </Menu.Item>
              <Menu.Item leftSection={<IconKey size={16} />} onClick={() => setOpen("password")}>
                {t("change.password")}
              </Menu.Item>
            </>
          )}
          <Menu.Item
            leftSection={user.disabled ? <IconLockOpen size={16} /> : <IconLock size={16} />}
            onClick={lock}
          >
            {user.disabled ? t("users.unlock") : t("users.lock")}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item
            c="var(--mantine-color-error)"
            leftSection={<IconTrash size={16} />}
            onClick={() => setOpen("remove")}
          >
            {t("remove.open")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {(open === "role" || open === "password") && (
          <ChangeDialog user={user} what={open} onClose={() => setOpen(null)} />
        )}
        {open === "remove" && <RemoveDialog user={user} onClose={() => setOpen(null)} />}
      </Suspense>
    </>
  );
}
