import { Alert, Button, Divider, PasswordInput, Stack, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { ProviderButton } from "@/features/session/ProviderButton";
import { useLogIn } from "@/features/session/useSession";
import { ProblemText } from "@/parts/States";

interface LogInFormProps {
  /** Who was here before. */
  username?: string;
  oidc: boolean;
}

/** Log in by name and password, or at the provider. */
export function LogInForm({ username = "", oidc }: LogInFormProps) {
  const { t } = useTranslation("session");
  const logIn = useLogIn();
  const form = useForm({ mode: "uncontrolled", initialValues: { username, password: "" } });
  return (
    <form onSubmit={form.onSubmit((values) => logIn.mutate(values))}>
      <Stack>
        <TextInput
          label={t("username")}
          autoComplete="username"
          data-autofocus={username === "" || undefined}
          autoFocus={username === ""}
          required
          {...form.getInputProps("username")}
        />
        <PasswordInput
          label={t("password")}
          autoComplete="current-password"
          data-autofocus={username !== "" || undefined}
          required
          {...form.getInputProps("password")}
        />
        {logIn.isError && (
          <Alert color="red" role="alert" title={t("logIn.failed")}>
            <ProblemText problem={toProblem(logIn.error)} />
          </Alert>
        )}
        <Button type="submit" loading={logIn.isPending}>
          {t("logIn.button")}
        </Button>
        {oidc && (
          <>
            <Divider label={t("or")} />
            <ProviderButton variant="default">{t("logIn.provider")}</ProviderButton>
          </>
        )}
      </Stack>
    </form>
  );
}
