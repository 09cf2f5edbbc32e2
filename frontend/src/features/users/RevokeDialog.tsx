import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { TokenView } from "@/api/generated/server";
import { toProblem } from "@/api/problem";
import { useRevokeToken } from "@/features/users/useTokens";
import { FactList } from "@/parts/FactList";
import { useReturnFocus } from "@/parts/focus";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";
import { useOnce } from "@/parts/useOnce";
import { When } from "@/parts/Values";

/** Revoke a token: says what stops working with it. */
export default function RevokeDialog({
  token,
  onClose,
}: {
  token: TokenView;
  onClose: () => void;
}) {
  useReturnFocus();
  const { t } = useTranslation(["users", "common"]);
  const revoke = useRevokeToken();
  const { name, username: user, permissions, plans, last_used_at: used } = token;
  const begin = useOnce(() =>
    revoke.mutate(token.id, {
      onSuccess: () => {
        sayDone(t("tokens.revokedNow", { name }));
        onClose();
      },
    }),
  );
  const may = permissions.map((each) => t(`common:permission.${each}`)).join(", ");
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("revoke.title", { name })}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <Stack>
        <Text size="sm">{t("revoke.about", { user })}</Text>
        <FactList
          facts={[
            [t("tokens.may"), plans.length > 0 ? `${may} · ${plans.join(", ")}` : may],
            [t("tokens.used"), <When key="used" at={used} />],
          ]}
        />
        {revoke.isError && (
          <Alert color="red" role="alert">
            <ProblemText problem={toProblem(revoke.error)} />
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} data-autofocus>
            {t("common:actions.cancel")}
          </Button>
          <Button color="red" loading={revoke.isPending} onClick={begin}>
            {t("revoke.button")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
