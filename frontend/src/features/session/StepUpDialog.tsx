import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Me } from "@/api/generated/server";
import { PasswordQuestion } from "@/features/session/PasswordQuestion";
import { ProviderButton } from "@/features/session/ProviderButton";
import { useReturnFocus } from "@/parts/focus";

interface StepUpDialogProps {
  me: Me;
  /** Told whether the password was given. */
  onEnd: (given: boolean) => void;
}

/** Asks once more who one is: by the password, or at the provider for who has none here. */
export default function StepUpDialog({ me, onEnd }: StepUpDialogProps) {
  useReturnFocus();
  const { t } = useTranslation("session");
  const byProvider = me.logs_in_by === "oidc";
  return (
    <Modal
      opened
      onClose={() => onEnd(false)}
      title={t(byProvider ? "stepUp.titleProvider" : "stepUp.title")}
      // The key is heard by `StepUp`, before a dialog below hears it.
      closeOnEscape={false}
      zIndex={400}
      closeButtonProps={{ "aria-label": t("stepUp.cancel") }}
    >
      {byProvider ? (
        <Stack>
          <Text size="sm">{t("stepUp.aboutProvider")}</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => onEnd(false)}>
              {t("stepUp.cancel")}
            </Button>
            <ProviderButton again data-autofocus>
              {t("stepUp.provider")}
            </ProviderButton>
          </Group>
        </Stack>
      ) : (
        <PasswordQuestion me={me} onEnd={onEnd} />
      )}
    </Modal>
  );
}
