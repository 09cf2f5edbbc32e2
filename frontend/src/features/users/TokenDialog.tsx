import {
  Alert,
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQuery } from "@tanstack/react-query";
import { useContext } from "react";
import { useTranslation } from "react-i18next";
import { listPlans } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { serverClient as client } from "@/api/server";
import { answerOf } from "@/backup/hooks/answer";
import { useMakeToken } from "@/features/users/useTokens";
import { AccessContext, type Permission } from "@/parts/access";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";

const LONGEST_DAYS = 730;

/** Make a token for a program; what it is, is shown once. */
export default function TokenDialog({ onClose }: { onClose: () => void }) {
  useReturnFocus();
  const { t } = useTranslation(["users", "common"]);
  const make = useMakeToken();
  const once = make.isPending || make.isSuccess;
  return (
    <Modal
      opened
      onClose={onClose}
      // A click beside the dialog, or a key, must not lose what is shown only once.
      closeOnClickOutside={!once}
      closeOnEscape={!once}
      title={make.isSuccess ? t("token.made") : t("tokens.make")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      {make.isSuccess ? (
        <MadeToken token={make.data.token} onClose={onClose} />
      ) : (
        <TokenForm make={make} onClose={onClose} />
      )}
    </Modal>
  );
}

interface TokenFormProps {
  make: ReturnType<typeof useMakeToken>;
  onClose: () => void;
}

function TokenForm({ make, onClose }: TokenFormProps) {
  const { t } = useTranslation(["users", "common"]);
  const mine = useContext(AccessContext);
  const plans = useQuery({
    queryKey: ["server", "plans"],
    queryFn: async ({ signal }) =>
      (await answerOf(listPlans({ client, signal, throwOnError: true }))).plans,
  });
  const names = plans.data?.map((each) => each.name) ?? [];
  const form = useForm({
    initialValues: {
      name: "",
      permissions: ["read"] as string[],
      plans: [] as string[],
      expires_in_days: 90 as number | string,
    },
    validate: {
      permissions: (chosen) => (chosen.length === 0 ? t("token.needsOne") : null),
    },
  });
  const onSubmit = form.onSubmit((values) =>
    make.mutate({
      ...values,
      permissions: values.permissions as Permission[],
      expires_in_days: Number(values.expires_in_days) || 90,
    }),
  );
  return (
    <form onSubmit={onSubmit}>
      <Stack>
        <TextInput
          label={t("token.name")}
          description={t("token.nameHint")}
          required
          maxLength={100}
          data-autofocus
          {...form.getInputProps("name")}
        />
        <Checkbox.Group label={t("tokens.may")} {...form.getInputProps("permissions")}>
          <Stack gap="xs" mt={6}>
            {[...mine].map((each) => (
              <Checkbox key={each} value={each} label={t(`common:permission.${each}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
        {names.length > 1 && (
          <MultiSelect
            label={t("token.plans")}
            placeholder={form.values.plans.length ? undefined : t("token.allPlans")}
            data={names}
            {...form.getInputProps("plans")}
          />
        )}
        <NumberInput
          label={t("token.days")}
          min={1}
          max={LONGEST_DAYS}
          required
          {...form.getInputProps("expires_in_days")}
        />
        {make.isError && (
          <Alert color="red" role="alert">
            <ProblemText problem={toProblem(make.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("common:actions.cancel")}
          </Button>
          <Button type="submit" loading={make.isPending}>
            {t("token.button")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function MadeToken({ token, onClose }: { token: string; onClose: () => void }) {
  const { t } = useTranslation(["users", "common"]);
  return (
    <Stack>
      <Text size="sm">{t("token.once")}</Text>
      <Code
        block
        aria-label={t("token.label")}
        style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}
      >
        {token}
      </Code>
      <Group justify="flex-end">
        {/* Browsers give no clipboard to pages without HTTPS, but for this machine's own. */}
        {window.isSecureContext && (
          <CopyButton value={token}>
            {({ copied, copy }) => (
              <Button variant="default" onClick={copy}>
                {copied ? t("common:actions.copied") : t("common:actions.copy")}
              </Button>
            )}
          </CopyButton>
        )}
        <Button onClick={onClose}>{t("common:actions.close")}</Button>
      </Group>
    </Stack>
  );
}
