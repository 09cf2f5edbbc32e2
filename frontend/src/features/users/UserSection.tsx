import { Badge, Button, Group, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { IconUserPlus } from "@tabler/icons-react";
import { Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { UserView } from "@/api/generated/server";
import { UserMenu } from "@/features/users/UserMenu";
import { useUsers } from "@/features/users/useUsers";
import { lazily } from "@/parts/lazily";
import { Loaded } from "@/parts/States";
import { When } from "@/parts/Values";

const UserDialog = lazily(() => import("@/features/users/UserDialog"));
const ROLES = ["viewer", "operator", "admin"] as const;

/** The users: what each may do, and how that is changed. */
export function UserSection() {
  const { t } = useTranslation("users");
  const users = useUsers();
  const [adding, setAdding] = useState(false);
  return (
    <section aria-labelledby="users-title">
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4" id="users-title">
          {t("users.title")}
        </Title>
        <Button
          size="xs"
          leftSection={<IconUserPlus size={16} aria-hidden />}
          onClick={() => setAdding(true)}
        >
          {t("users.add")}
        </Button>
      </Group>
      <Paper withBorder>
        <Loaded query={users} permission="administer">
          {(found) => (
            <Table.ScrollContainer minWidth={320} scrollAreaProps={{ tabIndex: 0 }}>
              <Table verticalSpacing="xs" horizontalSpacing="md" aria-labelledby="users-title">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th scope="col">{t("users.name")}</Table.Th>
                    <Table.Th scope="col">{t("users.role")}</Table.Th>
                    <Table.Th scope="col" visibleFrom="sm">
                      {t("users.by")}
                    </Table.Th>
                    <Table.Th scope="col" visibleFrom="sm">
                      {t("users.since")}
                    </Table.Th>
                    <Table.Td />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {found.map((user) => (
                    <UserRow key={user.username} user={user} />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Loaded>
      </Paper>
      <Stack gap={2} mt="sm">
        {ROLES.map((role) => (
          <Text key={role} size="sm" c="dimmed">
            <strong>{t(`role.${role}`)}</strong>: {t(`may.${role}`)}
          </Text>
        ))}
      </Stack>
      <Suspense>{adding && <UserDialog onClose={() => setAdding(false)} />}</Suspense>
    </section>
  );
}

function UserRow({ user }: { user: UserView }) {
  const { t } = useTranslation("users");
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        <Group gap="xs">
          {user.username}
          {user.disabled && (
            <Badge color="red" variant="light" tt="none" radius="sm">
              {t("users.disabled")}
            </Badge>
          )}
        </Group>
      </Table.Th>
      <Table.Td>{t(`role.${user.role}`)}</Table.Td>
      <Table.Td visibleFrom="sm">
        {user.logs_in_by === "oidc" ? t("users.oidc") : t("users.password")}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <When at={user.created_at} as="short" />
      </Table.Td>
      <Table.Td>
        <Group justify="flex-end">
          <UserMenu user={user} />
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
