import { Anchor, Badge, Group, List, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { Trans, useTranslation } from "react-i18next";
import { Link } from "wouter";
import { usePlan } from "@/backup/hooks/usePlan";
import { Loaded } from "@/parts/States";

const KNOWN = ["sqlite", "postgresql", "mysql", "tables", "directory", "settings"] as const;

/** What stands here before there is a backup: what the first one takes, and what comes after. */
export function FirstBackup() {
  const { t } = useTranslation("overview");
  const plan = usePlan();
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
      <Paper withBorder p="md" component="section" aria-labelledby="sources">
        <Stack gap="sm" align="flex-start">
          <Title order={2} size="h4" id="sources">
            {t("new.sources")}
          </Title>
          <Loaded query={plan}>
            {({ sources }) =>
              sources.length > 0 ? (
                <Stack component="ul" gap="xs" m={0} p={0} w="100%" style={{ listStyle: "none" }}>
                  {sources.map((each) => (
                    <SourceRow key={each.name} {...each} />
                  ))}
                </Stack>
              ) : (
                <Text>{t("new.noSources")}</Text>
              )
            }
          </Loaded>
        </Stack>
      </Paper>
      <Paper withBorder p="md" component="section" aria-labelledby="next">
        <Title order={2} size="h4" id="next" mb="sm">
          {t("new.next")}
        </Title>
        <List type="ordered" spacing="sm">
          <List.Item>{t("new.verify")}</List.Item>
          <List.Item>
            <Trans
              t={t}
              i18nKey="new.schedule"
              components={{
                schedule: <Anchor component={Link} href="/schedule" underline="always" />,
              }}
            />
          </List.Item>
          <List.Item>
            <Trans
              t={t}
              i18nKey="new.kit"
              components={{
                repository: <Anchor component={Link} href="/repository" underline="always" />,
              }}
            />
          </List.Item>
        </List>
      </Paper>
    </SimpleGrid>
  );
}

function SourceRow({
  name,
  kind,
  location,
}: {
  name: string;
  kind: string;
  location: string | null;
}) {
  const { t } = useTranslation("overview");
  const known = KNOWN.find((each) => each === kind);
  return (
    <Group component="li" gap="xs">
      <Badge variant="default" tt="none" radius="sm" fw={500}>
        {known ? t(`source.${known}`) : kind}
      </Badge>
      <Text fw={600}>{name}</Text>
      {location && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {location}
        </Text>
      )}
    </Group>
  );
}
