import { useMutation } from "@tanstack/react-query";
import { createDownloadLink } from "@/api/generated/plan";
import { useConnection } from "@/backup/BackupProvider";
import { answerOf } from "@/backup/hooks/answer";

/** One file of a backup, by its path as `useContents` gives it. */
export interface FileOfBackup {
  id: string;
  path: string;
}

/**
 * Download a backup as a ZIP, by its id, or one file of it: the browser follows a link that is good
 * for some minutes.
 */
export function useDownload() {
  const { baseUrl, client } = useConnection();
  return useMutation({
    mutationFn: async (wanted: string | FileOfBackup) => {
      const { id, path } = typeof wanted === "string" ? { id: wanted, path: null } : wanted;
      const { url } = await answerOf(
        createDownloadLink({ client, path: { backup_id: id }, body: { path }, throwOnError: true }),
      );
      const link = document.createElement("a");
      // Below the address that is known to work: a proxy may have a path that the server does not know.
      link.href = `${baseUrl}/downloads/${url.slice(url.lastIndexOf("/") + 1)}`;
      link.download = "";
      link.click();
    },
  });
}
