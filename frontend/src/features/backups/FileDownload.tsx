import { ActionIcon, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ContentShape } from "@/api/generated/plan";
import { useDownload } from "@/backup/hooks/useDownload";
import { NEEDS } from "@/features/backups/can";
import { useMay } from "@/parts/access";
import { sayDone, sayFailed } from "@/parts/say";
import { useOnce } from "@/parts/useOnce";

interface FileDownloadProps {
  /** Of the backup. */
  id: string;
  file: Pick<ContentShape, "name" | "path">;
}

/** Downloads one file of a backup; it takes what a download of all of it takes. */
export function FileDownload({ id, file }: FileDownloadProps) {
  const { name, path } = file;
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const needs = NEEDS.download;
  const may = useMay(needs);
  const { mutate, isPending } = useDownload();
  const take = useOnce(() =>
    mutate(
      { id, path },
      {
        onSuccess: () => sayDone(t("done.download", { name })),
        onError: (error) => sayFailed(t("failed.download", { name }), error),
      },
    ),
  );
  const why = word("permission.needed", { permission: word(`permission.${needs}`) });
  return (
    <Tooltip label={may ? t("action.download") : why}>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={t("files.download", { name })}
        loading={isPending}
        data-disabled={!may || undefined}
        aria-disabled={!may || undefined}
        onClick={may ? take : (event) => event.preventDefault()}
      >
        <IconDownload size={17} stroke={1.6} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
