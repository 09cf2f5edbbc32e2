import { Alert, Button, Group, Modal, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { RolePicker } from "@/features/users/RolePicker";
import { useAddUser } from "@/features/users/useUsers";
import { isUserName, SHORTEST_PASSWORD } from "@/parts/accounts";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";

/** Add a user with a first password. */
export default function UserDialog({ onClose }: { onClose: () => void }) {
  useReturnFocus();
  const { t } = useTranslation(["users", "common"]);
  const add = useAddUser();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { username: "", role: "viewer" as Role, password: "" },
    validate: {
      username: (given) => (isUserName(given) ? null : t("add.nameRule")),
      password: (given) => (given.length < SHORTEST_PASSWORD ? t("add.short") : null),
    },
  });
  const onSubmit = form.onSubmit((values) =>
    add.mutate(values, {
      onSuccess: () => {
        sayDone(t("add.done", { name: values.username }));
        onClose();
      },
    }),
  );
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("add.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <form onSubmit={onSubmit}>
        <Stack>
          <TextInput
            label={t("users.name")}
            description={form.errors.username ? undefined : t("add.nameRule")}
            autoComplete="off"
            required
            data-autofocus
            {...form.getInputProps("username")}
          />
          <RolePicker form={form as never} />
          <PasswordInput
            label={t("add.password")}
            description={t("add.passwordHint")}
            autoComplete="new-password"
            required
            {...form.getInputProps("password")}
          />
          {add.isError && (
            <Alert color="red" role="alert">
              <ProblemText problem={toProblem(add.error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t("common:actions.cancel")}
            </Button>
            <Button type="submit" loading={add.isPending}>
              {t("add.button")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
