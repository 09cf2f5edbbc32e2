import { Stack } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { toProblem } from "@/api/problem";
import { Conflict } from "@/features/schedule/Conflict";
import { changeOf, type Draft, type Part, refusalOf } from "@/features/schedule/draft";
import { LeaveDialog } from "@/features/schedule/LeaveDialog";
import { isWhole, policyOfForm } from "@/features/schedule/policy";
import { RetentionSection } from "@/features/schedule/RetentionSection";
import { effectInWords } from "@/features/schedule/reasons";
import { SaveBar } from "@/features/schedule/SaveBar";
import { TimingSection } from "@/features/schedule/TimingSection";
import { useDraft } from "@/features/schedule/useDraft";
import { type ReadSchedule, usePreview, useSaveSchedule } from "@/features/schedule/useSchedule";
import { useThoughtSimulation } from "@/features/schedule/useSimulation";
import { useLocale } from "@/i18n/useLocale";
import { sayDone } from "@/parts/say";

const THINK_MS = 400;

/** The schedule and the rules, to change; nothing counts until it is saved. */
export function ScheduleEditor(props: { current: ReadSchedule; children: ReactNode }) {
  const { t } = useTranslation("schedule");
  const form = useDraft(props.current);
  const save = useSaveSchedule();
  const { draft, base, parts } = form;
  const change = changeOf(draft, base.schedule);
  const [thought] = useDebouncedValue(change?.cron ?? null, THINK_MS);
  const preview = usePreview(change && thought, draft.timezone);
  const refused = preview.isError && toProblem(preview.error).status === 400;
  const refusal = refused ? refusalOf(toProblem(preview.error).message) : null;

  const onSave = () => {
    if (!change) return;
    save.mutate(
      { change, etag: base.etag },
      {
        onSuccess: (saved) => {
          form.load(saved);
          sayDone(t("saved"));
        },
      },
    );
  };
  const reset = () => {
    save.reset();
    form.load(props.current);
  };
  const isConflict = toProblem(save.error).status === 412;

  return (
    <Stack gap="lg">
      <TimingSection
        draft={draft}
        onChange={form.change}
        preview={preview}
        refusal={refusal}
        missing={change === null}
      />
      <RetentionSection draft={draft} base={base.schedule} onChange={form.change} />
      {props.children}
      <SaveBar
        parts={parts}
        effect={<RetentionEffect draft={draft} parts={parts} />}
        notice={
          form.conflict && (
            <Conflict theirs={props.current.schedule} onLoad={reset} onKeep={form.rebase} />
          )
        }
        incomplete={refused || change === null || !isWhole(draft.policy)}
        saving={save.isPending}
        error={save.isError && !isConflict ? save.error : null}
        onSave={onSave}
        onDiscard={reset}
      />
      <LeaveDialog unsaved={parts.length > 0} />
    </Stack>
  );
}

/** What the rules would do, in a line: on a phone the simulator is out of view. */
function RetentionEffect({ draft, parts }: { draft: Draft; parts: readonly Part[] }) {
  const { t } = useTranslation("schedule");
  const locale = useLocale();
  const query = useThoughtSimulation(isWhole(draft.policy) ? policyOfForm(draft.policy) : null);
  if (!parts.includes("retention") || !query.data) return null;
  return <>{effectInWords(query.data, t, locale)}</>;
}
