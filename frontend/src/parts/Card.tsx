import { Group, Paper, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

interface CardProps {
  title: string;
  /** What can be done here. */
  actions?: ReactNode;
  /** Whether it takes the room that is left below its neighbours. */
  grows?: boolean;
  children: ReactNode;
}

/** A part of a screen, under its own heading. */
export function Card({ title, actions, grows = false, children }: CardProps) {
  const id = useId();
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id} flex={grows ? 1 : undefined}>
      <Group justify="space-between" gap="xs" mb="sm">
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        {actions && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Paper>
  );
}
