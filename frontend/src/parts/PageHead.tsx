import { Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";

interface PageHeadProps {
  title: string;
  /** One sentence on what this screen is for. */
  children?: ReactNode;
  actions?: ReactNode;
}

/** The head of a screen: its name, what it is for, and what can be done. */
export function PageHead({ title, children, actions }: PageHeadProps) {
  useDocumentTitle(`${title} · Holdfast`);
  return (
    <Group justify="space-between" align="flex-start" mb="lg" gap="sm">
      <Stack gap={2} maw={640}>
        <Title order={1} size="h2">
          {title}
        </Title>
        {children && (
          <Text c="dimmed" size="sm">
            {children}
          </Text>
        )}
      </Stack>
      {actions && <Group gap="xs">{actions}</Group>}
    </Group>
  );
}
