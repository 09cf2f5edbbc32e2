import { Badge, Group, Table, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconLockOpen, IconShieldLock } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { KeyShape, RepositoryShape } from "@/api/generated/plan";
import { Card } from "@/parts/Card";
import { Said } from "@/parts/Said";
import { When } from "@/parts/Values";

const SHORT = 8;
const fixed = { flexShrink: 0 };

/** Whether the repository is encrypted, and what opens it. */
export function KeysCard({ repository }: { repository: RepositoryShape }) {
  const { t } = useTranslation("repository");
  const { encrypted, keys, recovery } = repository;
  return (
    <Card title={t("keys.title")}>
      <Group gap={8} wrap="nowrap" align="flex-start" mb="xs">
        {encrypted ? (
          <IconShieldLock
            size={20}
            color="var(--mantine-color-teal-text)"
            style={fixed}
            aria-hidden
          />
        ) : (
          <IconLockOpen size={20} style={fixed} aria-hidden />
        )}
        <Text size="sm">{encrypted ? t("keys.encrypted") : t("keys.open")}</Text>
      </Group>
      {recovery?.state === "kept" && (
        <Group gap={8} wrap="nowrap" align="flex-start" mb="xs">
          <IconCheck size={20} color="var(--mantine-color-teal-text)" style={fixed} aria-hidden />
          <Text size="sm">
            <Said>{recovery.message}</Said>
          </Text>
        </Group>
      )}
      {keys.length > 0 && (
        <Table verticalSpacing="xs" aria-label={t("keys.title")}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">{t("keys.by")}</Table.Th>
              <Table.Th scope="col" visibleFrom="sm">
                {t("keys.maker")}
              </Table.Th>
              <Table.Th scope="col">{t("keys.made")}</Table.Th>
              <Table.Th scope="col" visibleFrom="sm">
                {t("keys.id")}
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {keys.map((key) => (
              <KeyRow key={key.id} found={key} />
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Card>
  );
}

function KeyRow({ found }: { found: KeyShape }) {
  const { t } = useTranslation("repository");
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        <Group gap="xs">
          {t(`keys.role.${found.label}`)}
          {found.current && (
            <Badge color="teal" variant="light" tt="none" radius="sm">
              {t("keys.current")}
            </Badge>
          )}
        </Group>
      </Table.Th>
      <Table.Td visibleFrom="sm" style={{ overflowWrap: "anywhere" }}>
        {t("keys.on", { user: found.username, host: found.hostname })}
      </Table.Td>
      <Table.Td>
        <When at={found.created_at} as="short" />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Tooltip label={found.id}>
          <Text span size="sm" ff="monospace">
            {found.id.slice(0, SHORT)}
          </Text>
        </Tooltip>
      </Table.Td>
    </Table.Tr>
  );
}
