import { Badge, Group, Loader, Stack, Text } from "@mantine/core";
import { IconAlertTriangle, IconPlugConnectedX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { JobShape } from "@/api/generated/plan";
import { isFinished } from "@/backup/jobs";
import classes from "@/features/jobs/JobLog.module.css";
import type { LogLine } from "@/features/jobs/log";
import { useJobLog } from "@/features/jobs/useJobLog";
import { formatShare } from "@/format/numbers";
import { formatExact } from "@/format/times";
import { useLocale } from "@/i18n/useLocale";
import { Card } from "@/parts/Card";
import { Said } from "@/parts/Said";
import { Loading, ProblemText } from "@/parts/States";

/** What happened in a job, line by line, and what happens in it now. */
export function JobLog({ job }: { job: JobShape }) {
  const { t } = useTranslation("jobs");
  const { lines, following, problem } = useJobLog(job.id);
  const under = !isFinished(job);
  const live = under && following === "live" && (
    <Badge color="teal" variant="dot" tt="none" fw={600}>
      {t("log.live")}
    </Badge>
  );
  return (
    <Card title={t("log.title")} actions={live}>
      {following === "opening" && lines.length === 0 && <Loading rows={3} height={20} />}
      {problem && <ProblemText problem={problem} />}
      <div role="log" aria-label={t("log.title")}>
        <ol className={classes.lines}>
          {lines.map((line) => (
            <Line key={`${line.number} ${line.kind}`} line={line} />
          ))}
        </ol>
      </div>
      {under && following === "away" && <Away job={job} />}
      {!under && following !== "opening" && lines.length === 0 && !problem && (
        <Text size="sm" c="dimmed">
          {t("log.none")}
        </Text>
      )}
    </Card>
  );
}

/** While the stream is broken, the job is looked at all the same. */
function Away({ job }: { job: JobShape }) {
  const locale = useLocale();
  const { t } = useTranslation("jobs");
  const { current_step: step, progress_percent: percent } = job.progress;
  return (
    <Stack gap={4} mt="xs">
      {step && (
        <Group gap="xs">
          <Loader size={14} aria-hidden />
          <Text size="sm">
            <Said kind="step">{step}</Said> · {formatShare(percent / 100, locale)}
          </Text>
        </Group>
      )}
      <Group gap="xs" wrap="nowrap" align="flex-start" role="status">
        <IconPlugConnectedX size={18} className={classes.sign} aria-hidden />
        <Text size="sm" c="dimmed">
          {t("log.away")}
        </Text>
      </Group>
    </Stack>
  );
}

function Line({ line }: { line: LogLine }) {
  const locale = useLocale();
  const at = new Date(line.at);
  const time = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  return (
    <li className={classes.line} data-kind={line.kind}>
      <time dateTime={line.at} title={formatExact(at, locale)}>
        {time.format(at)}
      </time>
      <Words line={line} />
    </li>
  );
}

function Words({ line }: { line: LogLine }) {
  const { t } = useTranslation("jobs");
  if (line.kind === "status") {
    return (
      <span className={classes.status} data-status={line.status}>
        {t(`log.status.${line.status}`)}
      </span>
    );
  }
  if (line.kind === "step") return <Said kind="step">{line.step}</Said>;
  return (
    <span className={classes.warning}>
      <IconAlertTriangle size={16} role="img" aria-label={t("log.warning")} />
      <Said>{line.text}</Said>
    </span>
  );
}
