import { Alert, Button, Group, Modal, PasswordInput, Stack } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { useChangePassword } from "@/features/session/useSession";
import { SHORTEST_PASSWORD } from "@/parts/accounts";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";

/** Change one's own password. */
export default function PasswordDialog({ onClose }: { onClose: () => void }) {
  useReturnFocus();
  const { t } = useTranslation("session");
  const change = useChangePassword();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { current_password: "", new_password: "" },
    validate: {
      new_password: (given) => (given.length < SHORTEST_PASSWORD ? t("passwordShort") : null),
    },
  });
  const onSubmit = form.onSubmit((values) =>
    change.mutate(values, {
      onSuccess: () => {
        sayDone(t("change.done"));
        onClose();
      },
    }),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("change.title")}
      closeButtonProps={{ "aria-label": t("stepUp.cancel") }}
    >
      <form onSubmit={onSubmit}>
        <Stack>
          <PasswordInput
            label={t("change.current")}
            autoComplete="current-password"
            required
            {...form.getInputProps("current_password")}
          />
          <PasswordInput
            label={t("change.new")}
            description={t("passwordRule")}
            autoComplete="new-password"
            required
            {...form.getInputProps("new_password")}
          />
          {change.isError && (
            <Alert color="red" role="alert">
              <ProblemText problem={toProblem(change.error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("stepUp.cancel")}
            </Button>
            <Button type="submit" loading={change.isPending}>
              {t("change.button")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
