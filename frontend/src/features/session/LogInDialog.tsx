import { Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/generated/server";
import { LogInForm } from "@/features/session/LogInForm";
import { useEntrance } from "@/features/session/useSession";
import { useReturnFocus } from "@/parts/focus";

/** The login over a page that waits for its reader; it cannot be closed, and hides what is below. */
export default function LogInDialog({ visitor }: { visitor: Me }) {
  useReturnFocus();
  const { t } = useTranslation("session");
  const entrance = useEntrance();
  return (
    <Modal
      opened
      onClose={() => undefined}
      title={t("ended.title")}
      withCloseButton={false}
      closeOnEscape={false}
      closeOnClickOutside={false}
      zIndex={500}
      overlayProps={{ backgroundOpacity: 0.85, blur: 8 }}
    >
      <Stack>
        <Text size="sm">{t("ended.about", { name: visitor.username })}</Text>
        <LogInForm username={visitor.username} oidc={entrance.data?.oidc ?? false} />
      </Stack>
    </Modal>
  );
}
