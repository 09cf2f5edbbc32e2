import type { ButtonProps } from "@mantine/core";
import { IconPlayerPlayFilled } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useCreateBackup } from "@/backup/hooks/useCreateBackup";
import { ActionButton } from "@/parts/ActionButton";
import { sayDone, sayFailed } from "@/parts/say";

/** Makes a backup of the whole plan, as the schedule would. */
export function BackUpButton(props: ButtonProps) {
  const { t } = useTranslation("overview");
  const create = useCreateBackup();
  const backUp = () =>
    create.mutate(
      {},
      {
        onSuccess: () => sayDone(t("backUp.begun")),
        onError: (error) => sayFailed(t("backUp.failed"), error),
      },
    );
  return (
    <ActionButton
      needs="run"
      leftSection={<IconPlayerPlayFilled size={15} aria-hidden />}
      {...props}
      loading={create.isPending}
      onClick={backUp}
    >
      {t("backUp.now")}
    </ActionButton>
  );
}
