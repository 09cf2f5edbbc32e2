import { Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/generated/server";
import { LogInForm } from "@/features/session/LogInForm";
import { ProviderButton } from "@/features/session/ProviderButton";
import { useEntrance } from "@/features/session/useSession";
import { useReturnFocus } from "@/parts/focus";

/** The login over a page that waits for its reader; it cannot be closed, and hides what is below. */
export default function LogInDialog({ visitor }: { visitor: Me }) {
  useReturnFocus();
  const { t } = useTranslation("session");
  const byProvider = visitor.logs_in_by === "oidc";
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
        <Text size="sm">
          {t(byProvider ? "ended.aboutProvider" : "ended.about", { name: visitor.username })}
        </Text>
        {byProvider ? (
          <ProviderButton data-autofocus>{t("logIn.provider")}</ProviderButton>
        ) : (
          <LogInForm username={visitor.username} oidc={entrance.data?.oidc ?? false} />
        )}
      </Stack>
    </Modal>
  );
}
