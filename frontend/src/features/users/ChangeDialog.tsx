import { Alert, Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import type { UserView } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { RolePicker } from "@/features/users/RolePicker";
import { useChangeUser } from "@/features/users/useUsers";
import { SHORTEST_PASSWORD } from "@/parts/accounts";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";

interface ChangeDialogProps {
  user: UserView;
  what: "role" | "password";
  onClose: () => void;
}

/** Give a user another role or password; the user's logins end with it. */
export default function ChangeDialog({ user, what, onClose }: ChangeDialogProps) {
  useReturnFocus();
  const { t } = useTranslation(["users", "common"]);
  const change = useChangeUser();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { role: user.role, password: "" },
    validate: {
      password: (given) =>
        what === "password" && given.length < SHORTEST_PASSWORD ? t("add.short") : null,
    },
  });
  const name = user.username;
  const onSubmit = form.onSubmit(({ role, password }) =>
    change.mutate(what === "role" ? { username: name, role } : { username: name, password }, {
      onSuccess: () => {
        sayDone(t("change.done", { name }));
        onClose();
      },
    }),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={what === "role" ? t("change.roleOf", { name }) : t("change.passwordOf", { name })}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <form onSubmit={onSubmit}>
        <Stack>
          {what === "role" ? (
            <RolePicker form={form as never} />
          ) : (
            <PasswordInput
              label={t("change.newPassword")}
              description={t("add.passwordHint")}
              autoComplete="new-password"
              required
              data-autofocus
              {...form.getInputProps("password")}
            />
          )}
          <Text size="sm" c="dimmed">
            {t("change.ends", { name })}
          </Text>
          {change.isError && (
            <Alert color="red" role="alert">
              <ProblemText problem={toProblem(change.error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:actions.cancel")}
            </Button>
            <Button type="submit" loading={change.isPending}>
              {t("common:actions.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
