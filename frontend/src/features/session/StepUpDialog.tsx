import { Alert, Button, Group, Modal, PasswordInput, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Me, stepUp } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { API, serverClient as client } from "@/api/server";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";

interface StepUpDialogProps {
  me: Me;
  /** Told whether the password was given. */
  onEnd: (given: boolean) => void;
}

/** Asks for the password once more. */
export default function StepUpDialog({ me, onEnd }: StepUpDialogProps) {
  useReturnFocus();
  const { t } = useTranslation("session");
  const form = useForm({ mode: "uncontrolled", initialValues: { password: "" } });
  const give = useMutation({
    mutationFn: (body: { password: string }) => stepUp({ client, body, throwOnError: true }),
    onSuccess: () => onEnd(true),
  });
  return (
    <Modal
      opened
      onClose={() => onEnd(false)}
      title={t("stepUp.title")}
      // The key is heard by `StepUp`, before a dialog below hears it.
      closeOnEscape={false}
      zIndex={400}
      closeButtonProps={{ "aria-label": t("stepUp.cancel") }}
    >
      <form onSubmit={form.onSubmit((values) => give.mutate(values))}>
        <Stack>
          <Text size="sm">{t("stepUp.about")}</Text>
          {/* So that a password manager knows whose password it is. */}
          <input type="text" autoComplete="username" value={me.username} readOnly hidden />
          <PasswordInput
            label={t("password")}
            autoComplete="current-password"
            data-autofocus
            required
            {...form.getInputProps("password")}
          />
          {give.isError && (
            <Alert color="red" role="alert">
              <ProblemText problem={toProblem(give.error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button
              component="a"
              variant="subtle"
              href={`${API}/auth/oidc/login?again=true`}
              display={give.isError ? undefined : "none"}
            >
              {t("logIn.provider")}
            </Button>
            <Button variant="default" onClick={() => onEnd(false)}>
              {t("stepUp.cancel")}
            </Button>
            <Button type="submit" loading={give.isPending}>
              {t("stepUp.button")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
