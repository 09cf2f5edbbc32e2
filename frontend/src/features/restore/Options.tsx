import { Box, Stack } from "@mantine/core";
import type { BackupShape, PlanShape } from "@/api/generated/plan";
import { Advanced } from "@/features/restore/Advanced";
import { isCopy, partsOf, type Wanted } from "@/features/restore/choice";
import { Parts } from "@/features/restore/Parts";
import { PathsInput } from "@/features/restore/PathsInput";
import { SafetySwitch } from "@/features/restore/SafetySwitch";
import { Target } from "@/features/restore/Target";

export interface OptionsProps {
  plan: PlanShape;
  /** The backup that is restored, where it is known. */
  backup?: BackupShape;
  wanted: Wanted;
  onChange: (wanted: Wanted) => void;
  /** Whether the server refused because of the schema: the answer is below "Advanced". */
  schemaDiffers?: boolean;
}

/** Where to and what of it; and of live data whether it can be undone, and what few need. */
export function Options({ plan, backup, wanted, onChange, schemaDiffers }: OptionsProps) {
  const parts = partsOf(plan.sources, backup);
  const copy = isCopy(wanted);
  const change = (changed: Partial<Wanted>) => onChange({ ...wanted, ...changed });
  return (
    <Stack gap="lg">
      <Target
        plan={plan}
        backupId={backup?.id}
        target={wanted.target}
        onChange={(target) => change({ target })}
      />
      <Parts
        parts={parts}
        chosen={wanted.sources}
        onChange={(sources) => change({ sources })}
        copy={copy}
      />
      {copy ? (
        <Box maw={640}>
          <PathsInput
            backupId={backup?.id}
            value={wanted.paths}
            onChange={(paths) => change({ paths })}
            copy
          />
        </Box>
      ) : (
        <>
          <SafetySwitch on={wanted.safety} onChange={(safety) => change({ safety })} />
          <Advanced
            plan={plan}
            backup={backup}
            wanted={wanted}
            onChange={change}
            schemaDiffers={schemaDiffers}
          />
        </>
      )}
    </Stack>
  );
}
