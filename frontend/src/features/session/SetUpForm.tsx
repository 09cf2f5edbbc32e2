import { Alert, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { useSetUp } from "@/features/session/useSession";
import { isUserName, SHORTEST_PASSWORD } from "@/parts/accounts";
import { ProblemText } from "@/parts/States";

/** Make the first administrator, with the token from the console. */
export function SetUpForm() {
  const { t } = useTranslation("session");
  const setUp = useSetUp();
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { token: "", username: "", password: "" },
    validate: {
      username: (given) => (isUserName(given) ? null : t("nameRule")),
      password: (given) => (given.length < SHORTEST_PASSWORD ? t("passwordShort") : null),
    },
  });
  return (
    <form
      onSubmit={form.onSubmit((values) => setUp.mutate({ ...values, token: values.token.trim() }))}
    >
      <Stack>
        <TextInput
          label={t("setUp.token")}
          description={t("setUp.tokenHint")}
          autoComplete="off"
          autoFocus
          required
          {...form.getInputProps("token")}
        />
        <TextInput
          label={t("username")}
          description={form.errors.username ? undefined : t("nameRule")}
          autoComplete="username"
          required
          {...form.getInputProps("username")}
        />
        <PasswordInput
          label={t("password")}
          description={t("passwordRule")}
          autoComplete="new-password"
          required
          {...form.getInputProps("password")}
        />
        {setUp.isError && (
          <Alert color="red" role="alert" title={t("setUp.failed")}>
            <ProblemText problem={toProblem(setUp.error)} />
          </Alert>
        )}
        <Button type="submit" loading={setUp.isPending}>
          {t("setUp.button")}
        </Button>
      </Stack>
    </form>
  );
}
