import { Alert, Button, Group, PasswordInput, Stack, Text } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Me, stepUp } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { serverClient as client } from "@/api/server";
import { ProblemText } from "@/parts/States";

interface PasswordQuestionProps {
  me: Me;
  /** Told whether the password was given. */
  onEnd: (given: boolean) => void;
}

/** The password once more. */
export function PasswordQuestion({ me, onEnd }: PasswordQuestionProps) {
  const { t } = useTranslation("session");
  const form = useForm({ mode: "uncontrolled", initialValues: { password: "" } });
  const give = useMutation({
    mutationFn: (body: { password: string }) => stepUp({ client, body, throwOnError: true }),
    onSuccess: () => onEnd(true),
  });
  return (
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
          <Button variant="default" onClick={() => onEnd(false)}>
            {t("stepUp.cancel")}
          </Button>
          <Button type="submit" loading={give.isPending}>
            {t("stepUp.button")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
