import { Paper, Stack } from "@mantine/core";
import { useState } from "react";
import type { JobShape } from "@/api/generated/plan";
import { usePlan } from "@/backup/hooks/usePlan";
import { LastRestoreNote } from "@/restore/LastRestoreNote";
import { RestoreJob } from "@/restore/RestoreJob";
import { useRestores } from "@/restore/useRestores";
import { History } from "@/section/History";
import { RestoreBackup } from "@/section/RestoreBackup";
import { RestoreFile } from "@/section/RestoreFile";
import { Standing } from "@/section/Standing";
import { useRestored } from "@/section/useRestored";

type View = { at: "start" } | { at: "file" } | { at: "backup" | "job"; id: string };

const START: View = { at: "start" };

/** What the section shows: how it stands and what there is, or a restore from its look to its end. */
export function Section({ onRestored }: { onRestored?: (job: JobShape) => void }) {
  const [view, setView] = useState(START);
  const { active, last } = useRestores();
  // What the plan is called is asked for when live data are to be replaced.
  usePlan();
  // One that runs already, begun by somebody else or before the page was loaded anew.
  if (active && view.at !== "job") setView({ at: "job", id: active.id });
  useRestored(view.at === "job" ? view.id : undefined, onRestored);

  const leave = () => setView(START);
  const follow = ({ id }: JobShape) => setView({ at: "job", id });

  return (
    <Stack gap="md">
      {view.at === "start" && (
        <>
          <Standing onFile={() => setView({ at: "file" })} />
          {last && <LastRestoreNote last={last} onUndo={follow} />}
          <History onRestore={(id) => setView({ at: "backup", id })} />
        </>
      )}
      {view.at === "backup" && <RestoreBackup id={view.id} onStarted={follow} onLeave={leave} />}
      {view.at === "file" && <RestoreFile onStarted={follow} onLeave={leave} />}
      {view.at === "job" && (
        <Paper withBorder p="md">
          <RestoreJob key={view.id} id={view.id} onUndo={follow} onClose={leave} />
        </Paper>
      )}
    </Stack>
  );
}
