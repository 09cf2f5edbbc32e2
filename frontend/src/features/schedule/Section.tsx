import { Group, Paper, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

interface SectionProps {
  title: string;
  /** One sentence on what is decided here. */
  purpose?: string;
  actions?: ReactNode;
  children: ReactNode;
}

/** A part of the screen, under its own heading. */
export function Section({ title, purpose, actions, children }: SectionProps) {
  const id = useId();
  return (
    <Paper component="section" withBorder p={{ base: "md", sm: "lg" }} aria-labelledby={id}>
      <Group justify="space-between" align="flex-start" mb="md" gap="sm">
        <Stack gap={2} maw={620}>
          <Title order={2} size="h4" id={id}>
            {title}
          </Title>
          {purpose && (
            <Text c="dimmed" size="sm">
              {purpose}
            </Text>
          )}
        </Stack>
        {actions}
      </Group>
      {children}
    </Paper>
  );
}
