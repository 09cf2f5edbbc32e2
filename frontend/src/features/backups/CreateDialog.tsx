import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useCreateBackup } from "@/backup/hooks/useCreateBackup";
import { usePlan } from "@/backup/hooks/usePlan";
import { CreateForm } from "@/features/backups/CreateForm";
import { CreateProgress } from "@/features/backups/CreateProgress";
import { Loaded } from "@/parts/States";

/** Make a backup: what of, and how; then see how it goes. */
export default function CreateDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const plan = usePlan();
  const create = useCreateBackup();
  const job = create.data;
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("create.open")}
      closeButtonProps={{ "aria-label": word("actions.close") }}
    >
      {job ? (
        <CreateProgress job={job} onClose={onClose} onAgain={create.reset} />
      ) : (
        <Loaded query={plan}>
          {(found) => <CreateForm plan={found} create={create} onClose={onClose} />}
        </Loaded>
      )}
    </Modal>
  );
}
