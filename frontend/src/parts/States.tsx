import { Alert, Button, Group, Skeleton, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import { IconAlertTriangle, IconInbox, IconLock } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { type Problem, toProblem } from "@/api/problem";
import type { Permission } from "@/parts/access";
import { useIsLost } from "@/parts/reach";
import { Said, SaidProblem } from "@/parts/Said";

/** What stands where something is being loaded. */
export function Loading({ rows = 4, height = 36 }: { rows?: number; height?: number }) {
  const { t } = useTranslation();
  return (
    <Stack role="status" aria-label={t("states.loading")} gap="sm">
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} radius="sm" />
      ))}
    </Stack>
  );
}

interface StandInProps {
  title: string;
  children?: ReactNode;
  /** What to do about it: a button. */
  action?: ReactNode;
  icon?: ReactNode;
  /** The level of its heading: 1 where it is the screen, 2 where it stands right below its head. */
  order?: 1 | 2 | 3;
}

/** What stands where there is nothing: what would stand here, and how it comes to be. */
export function Empty({ title, children, action, icon, order = 3 }: StandInProps) {
  return (
    <Stack align="center" gap="xs" py="xl" px="md" ta="center">
      <ThemeIcon size={52} radius="xl" variant="light" color="gray">
        {icon ?? <IconInbox size={28} stroke={1.5} aria-hidden />}
      </ThemeIcon>
      <Title order={order} size="h4">
        {title}
      </Title>
      {children && (
        <Text c="dimmed" maw={480}>
          {children}
        </Text>
      )}
      {action}
    </Stack>
  );
}

/** What stands where something could not be loaded or done: why, and what to do. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const problem = toProblem(error);
  return (
    <Alert
      color="red"
      variant="light"
      icon={<IconAlertTriangle aria-hidden />}
      title={t("states.error")}
      role="alert"
    >
      <Stack gap="xs" align="flex-start">
        <ProblemText problem={problem} />
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {t("actions.retry")}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** What happened and what to do about it, of a problem. */
export function ProblemText({ problem }: { problem: Problem }) {
  const { t } = useTranslation();
  return (
    <>
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {problem.status === 0 ? (
          t("states.offline")
        ) : (
          <SaidProblem code={problem.code} message={problem.message} />
        )}
      </Text>
      {problem.hint && (
        <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          <Said>{problem.hint}</Said>
        </Text>
      )}
      {problem.fields.map((each) => (
        <Text size="sm" key={each.location.join(".")}>
          {each.location.slice(1).join(".")}: <Said kind="field">{each.message}</Said>
        </Text>
      ))}
    </>
  );
}

/** What stands where the reader may not look. */
export function Denied({ permission, order = 2 }: { permission: Permission; order?: 1 | 2 }) {
  const { t } = useTranslation();
  return (
    <Empty
      order={order}
      title={t("states.denied")}
      icon={<IconLock size={28} stroke={1.5} aria-hidden />}
    >
      {t("states.deniedHint", { permission: t(`permission.${permission}`) })}
    </Empty>
  );
}

interface LoadedProps<T> {
  query: UseQueryResult<T>;
  /** What the server asks for, to say so if it refuses. */
  permission?: Permission;
  loading?: ReactNode;
  children: (data: T) => ReactNode;
}

/** Shows what a query brings; or that it is loading, failed, or is refused. */
export function Loaded<T>({ query, permission = "read", loading, children }: LoadedProps<T>) {
  const isLost = useIsLost();
  if (query.data !== undefined) {
    // That the server does not answer is said once, above the screen.
    const isSaid = isLost && toProblem(query.error).status === 0;
    return (
      <>
        {query.isRefetchError && !isSaid && (
          <Group mb="sm">
            <Failure error={query.error} onRetry={() => void query.refetch()} />
          </Group>
        )}
        {children(query.data)}
      </>
    );
  }
  // What is asked once more after no answer is not waited for without a word.
  const error = query.error ?? (isLost ? query.failureReason : null);
  if (error === null) return loading ?? <Loading />;
  const problem = toProblem(error);
  if (problem.status === 403) return <Denied permission={permission} />;
  return <Failure error={problem} onRetry={() => void query.refetch()} />;
}
