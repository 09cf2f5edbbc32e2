import { ActionIcon, Menu } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconKey, IconLogout, IconUserCircle } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/generated/server";
import { whole } from "@/app/whole";
import { useLogOut } from "@/features/session/useSession";
import { sayFailed } from "@/parts/say";

const PasswordDialog = lazy(whole(() => import("@/features/session/PasswordDialog")));

/** Who is logged in, and the way out. */
export function AccountMenu({ me }: { me: Me }) {
  const { t } = useTranslation("session");
  const logOut = useLogOut();
  const [changing, { open, close }] = useDisclosure();
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t("account.label", { name: me.username })}
          >
            <IconUserCircle aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>
            {me.username} · {t("account.role", { role: t(`role.${me.role}`) })}
          </Menu.Label>
          <Menu.Item leftSection={<IconKey size={16} aria-hidden />} onClick={open}>
            {t("account.password")}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconLogout size={16} aria-hidden />}
            onClick={() =>
              logOut.mutate(undefined, {
                onError: (error) => sayFailed(t("account.stillIn"), error),
              })
            }
          >
            {t("account.logOut")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>{changing && <PasswordDialog onClose={close} />}</Suspense>
    </>
  );
}
