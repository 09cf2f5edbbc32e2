import { Paper, Title } from "@mantine/core";
import { type ReactNode, useEffect, useId, useRef } from "react";

/** A step on the way to a restore; a keyboard and a screen reader go on from its heading. */
export function RestoreCard({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <Paper withBorder p="md" component="section" aria-labelledby={id}>
      <Title
        order={2}
        size="h4"
        mb="md"
        id={id}
        ref={heading}
        tabIndex={-1}
        style={{ outline: "none" }}
      >
        {title}
      </Title>
      {children}
    </Paper>
  );
}
