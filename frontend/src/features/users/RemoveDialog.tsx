import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { UserView } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { useRemoveUser } from "@/features/users/useUsers";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";

/** Remove a user: says what ends with it. */
export default function RemoveDialog({ user, onClose }: { user: UserView; onClose: () => void }) {
  useReturnFocus();
  const { t } = useTranslation(["users", "common"]);
  const remove = useRemoveUser();
  const name = user.username;
  // The row that holds this goes with the user, and with it what `mutate` would call at the end.
  const begin = () =>
    remove.mutateAsync(name).then(
      () => {
        sayDone(t("remove.done", { name }));
        onClose();
      },
      () => undefined, // It shows below.
    );
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("remove.title", { name })}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <Stack>
        <Text size="sm">{t("remove.about", { name })}</Text>
        {remove.isError && (
          <Alert color="red" role="alert">
            <ProblemText problem={toProblem(remove.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("common:actions.cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={begin}>
            {t("remove.button")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
