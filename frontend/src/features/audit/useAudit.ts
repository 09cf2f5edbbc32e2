import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { listAudit } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf, GLANCE_MS } from "@/backup/hooks/answer";
import { backupKeys } from "@/backup/keys";
import type { AuditQuery } from "@/features/audit/view";

/** Who did what, newest first. */
export function useAudit(query: AuditQuery) {
  const { client } = useConnection();
  return useQuery({
    queryKey: [...backupKeys.audit, query],
    queryFn: ({ signal }) => answerOf(listAudit({ client, query, signal, throwOnError: true })),
    placeholderData: keepPreviousData,
    refetchInterval: GLANCE_MS,
  });
}
