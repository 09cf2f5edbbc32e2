import { Box, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "@/features/backups/Facts.module.css";

/** What it is called, and its value. */
export type Fact = readonly [name: string, value: ReactNode];

interface FactsProps {
  title: string;
  facts: readonly Fact[];
}

/** Some facts below a heading: what, and its value. */
export function Facts({ title, facts }: FactsProps) {
  return (
    <section>
      <Title order={3} size="h5" mb={6}>
        {title}
      </Title>
      <Box component="dl" className={classes.facts}>
        {facts.map(([name, value]) => (
          <div key={name} className={classes.fact}>
            <Text component="dt" size="sm" c="dimmed">
              {name}
            </Text>
            <Text component="dd" size="sm" m={0} className={classes.value}>
              {value}
            </Text>
          </div>
        ))}
      </Box>
    </section>
  );
}
