import { Modal, Skeleton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RetentionShape } from "@/api/generated/plan";
import { CleanUpJob } from "@/features/schedule/CleanUpJob";
import { CleanUpQuestion } from "@/features/schedule/CleanUpQuestion";
import { useCleanUp, useFreshSimulation } from "@/features/schedule/useSimulation";
import { Failure } from "@/parts/States";

interface CleanUpDialogProps {
  policy: RetentionShape;
  timezone: string;
  onClose: () => void;
}

/** Shows what would be removed, removes it once that is confirmed, and then what became of it. */
export default function CleanUpDialog({ policy, timezone, onClose }: CleanUpDialogProps) {
  const { t } = useTranslation(["schedule", "common"]);
  const look = useFreshSimulation(policy);
  const cleanUp = useCleanUp();
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("cleanUp.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      {cleanUp.data ? (
        <CleanUpJob id={cleanUp.data.id} onClose={onClose} />
      ) : look.data ? (
        <CleanUpQuestion
          preview={look.data}
          timezone={timezone}
          pending={cleanUp.isPending}
          error={cleanUp.error}
          onConfirm={() => cleanUp.mutate(policy)}
          onClose={onClose}
        />
      ) : look.isError ? (
        <Failure error={look.error} onRetry={() => void look.refetch()} />
      ) : (
        <Skeleton height={220} role="status" aria-label={t("common:states.loading")} />
      )}
    </Modal>
  );
}
