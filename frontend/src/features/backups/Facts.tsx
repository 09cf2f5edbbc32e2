import { Title } from "@mantine/core";
import { type Fact, FactList } from "@/parts/FactList";

interface FactsProps {
  title: string;
  facts: readonly Fact[];
}

/** Some facts below a heading. */
export function Facts({ title, facts }: FactsProps) {
  return (
    <section>
      <Title order={3} size="h5" mb={4}>
        {title}
      </Title>
      <FactList facts={facts} />
    </section>
  );
}
