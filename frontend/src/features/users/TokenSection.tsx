import { Badge, Button, Group, Paper, SegmentedControl, Table, Title } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { TokenView } from "@/api/generated/server";
import { tokenState } from "@/features/users/tokens";
import { useLookAtTokens, useTokens } from "@/features/users/useTokens";
import { useMay } from "@/parts/access";
import { lazily } from "@/parts/lazily";
import { Empty, Loaded } from "@/parts/States";
import { useNow } from "@/parts/useNow";
import { When } from "@/parts/Values";

const RevokeDialog = lazily(() => import("@/features/users/RevokeDialog"));
const TokenDialog = lazily(() => import("@/features/users/TokenDialog"));

/** API tokens: what programs come in with. */
export function TokenSection() {
  const { t } = useTranslation("users");
  const administers = useMay("administer");
  const [whose, setWhose] = useState("own");
  const [making, setMaking] = useState(false);
  const tokens = useTokens(whose === "all");
  const make = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconKey size={16} aria-hidden />}
      onClick={() => setMaking(true)}
    >
      {t("tokens.make")}
    </Button>
  );
  return (
    <section aria-labelledby="tokens-title">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4" id="tokens-title">
          {t("tokens.title")}
        </Title>
        <Group gap="xs">
          {administers && (
            <SegmentedControl
              size="xs"
              aria-label={t("tokens.whose")}
              value={whose}
              onChange={setWhose}
              data={[
                { value: "own", label: t("tokens.own") },
                { value: "all", label: t("tokens.all") },
              ]}
            />
          )}
          {make}
        </Group>
      </Group>
      <Paper withBorder>
        <Loaded query={tokens}>
          {(found) =>
            found.length === 0 ? (
              <Empty title={t("tokens.none")}>{t("tokens.noneHint")}</Empty>
            ) : (
              <TokenTable tokens={found} />
            )
          }
        </Loaded>
      </Paper>
      <Suspense>{making && <TokenDialog onClose={() => setMaking(false)} />}</Suspense>
    </section>
  );
}

function TokenTable({ tokens }: { tokens: readonly TokenView[] }) {
  const { t } = useTranslation("users");
  return (
    <Table.ScrollContainer minWidth={320} scrollAreaProps={{ tabIndex: 0 }}>
      <Table verticalSpacing="xs" horizontalSpacing="md" aria-labelledby="tokens-title">
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{t("tokens.name")}</Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              {t("tokens.user")}
            </Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              {t("tokens.may")}
            </Table.Th>
            <Table.Th scope="col" visibleFrom="sm">
              {t("tokens.used")}
            </Table.Th>
            <Table.Th scope="col">{t("tokens.ends")}</Table.Th>
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {tokens.map((token) => (
            <TokenRow key={token.id} token={token} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function TokenRow({ token }: { token: TokenView }) {
  const { t } = useTranslation(["users", "common"]);
  const [revoking, setRevoking] = useState(false);
  const lookAgain = useLookAtTokens();
  const state = tokenState(token, useNow());
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        <Group gap="xs">
          {token.name}
          {state !== "good" && (
            <Badge color="gray" variant="light" tt="none" radius="sm">
              {t(`tokens.${state}`)}
            </Badge>
          )}
        </Group>
      </Table.Th>
      <Table.Td visibleFrom="sm">{token.username}</Table.Td>
      <Table.Td visibleFrom="sm">
        {token.permissions.map((each) => t(`common:permission.${each}`)).join(", ")}
        {token.plans.length > 0 && ` · ${token.plans.join(", ")}`}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <When at={token.last_used_at} />
      </Table.Td>
      <Table.Td>
        <When at={token.revoked_at ?? token.expires_at} />
      </Table.Td>
      <Table.Td>
        {state === "good" && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="red"
            onClick={() => {
              lookAgain();
              setRevoking(true);
            }}
            aria-label={t("tokens.revokeNamed", { name: token.name })}
          >
            {t("tokens.revoke")}
          </Button>
        )}
        <Suspense>
          {revoking && <RevokeDialog token={token} onClose={() => setRevoking(false)} />}
        </Suspense>
      </Table.Td>
    </Table.Tr>
  );
}
