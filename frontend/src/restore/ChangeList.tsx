import { Stack } from "@mantine/core";
import type { ChangeShape, PlaceShape } from "@/api/generated/plan";
import { changesByPlace } from "@/restore/changes";
import { PlaceCard } from "@/restore/PlaceCard";

interface ChangeListProps {
  changes: readonly ChangeShape[];
  places?: readonly PlaceShape[];
}

/** What would change, place by place. */
export function ChangeList({ changes, places }: ChangeListProps) {
  return (
    <Stack gap="sm">
      {changesByPlace(changes, places).map((each) => (
        <PlaceCard key={each.target} change={each} />
      ))}
    </Stack>
  );
}
