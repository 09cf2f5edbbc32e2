import { useMutation } from "@tanstack/react-query";
import type { JobShape, OfferShape } from "@/api/generated/plan";
import { useStartRestore } from "@/backup/hooks/useStartRestore";
import { useConfirmUpload } from "@/backup/hooks/useUpload";

/** Begin the restore that was looked at, of a backup or of an archive that was sent. */
export function useConfirmOffer() {
  const { mutateAsync: start } = useStartRestore();
  const { mutateAsync: confirmUpload } = useConfirmUpload();
  return useMutation({
    mutationFn: (offer: OfferShape): Promise<JobShape> => {
      const { backup, confirm_with: confirm } = offer;
      const confirmation = offer.confirmation ?? "";
      if (offer.kind === "upload") {
        return confirmUpload({ token: confirmation, confirm }) as Promise<JobShape>;
      }
      return start({ id: backup.backup_id, confirmation, confirm });
    },
  });
}
