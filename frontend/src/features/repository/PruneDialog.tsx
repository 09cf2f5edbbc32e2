import { Alert, Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { PrunePreview } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { freesNothing } from "@/features/repository/prune";
import { usePrune, usePrunePreview } from "@/features/repository/useRepository";
import { formatBytes, formatNumber } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { FactList } from "@/parts/FactList";
import { Loaded, Loading, ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";
import { useOnce } from "@/parts/useOnce";
import { Bytes, Count } from "@/parts/Values";

/** Free what no backup uses: says first how much that is. */
export default function PruneDialog({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["repository", "common"]);
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("prune.title")}
      closeButtonProps={{ "aria-label": t("common:actions.close") }}
    >
      <Loaded
        query={usePrunePreview()}
        permission="administer"
        loading={<Loading rows={4} height={24} />}
      >
        {(preview) => <Preview preview={preview} onClose={onClose} />}
      </Loaded>
    </Modal>
  );
}

function Preview({ preview, onClose }: { preview: PrunePreview; onClose: () => void }) {
  const locale = useLocale();
  const { t } = useTranslation(["repository", "common"]);
  const prune = usePrune();
  const nothing = freesNothing(preview);
  const size = formatBytes(preview.would_free_bytes, locale);
  const begin = useOnce(() =>
    prune.mutate(undefined, {
      onSuccess: () => {
        sayDone(t("prune.begun"));
        onClose();
      },
    }),
  );
  return (
    <Stack>
      <Text>{nothing ? t("prune.wouldNothing") : t("prune.would", { size })}</Text>
      <Numbers preview={preview} />
      {!nothing && (
        <Text size="sm" c="dimmed">
          {t("prune.about")}
        </Text>
      )}
      {prune.isError && (
        <Alert color="red" role="alert">
          <ProblemText problem={toProblem(prune.error)} />
        </Alert>
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={onClose} data-autofocus>
          {nothing ? t("common:actions.close") : t("common:actions.cancel")}
        </Button>
        {!nothing && (
          <Button loading={prune.isPending} onClick={begin}>
            {t("prune.button", { size })}
          </Button>
        )}
      </Group>
    </Stack>
  );
}

function Numbers({ preview }: { preview: PrunePreview }) {
  const locale = useLocale();
  const { t } = useTranslation("repository");
  const packs = t("prune.packsWords", {
    removed: formatNumber(preview.packs_removed, locale),
    repacked: formatNumber(preview.packs_repacked, locale),
    kept: formatNumber(preview.packs_kept, locale),
  });
  return (
    <FactList
      facts={[
        [t("prune.total"), <Bytes key="" value={preview.total_bytes} />],
        preview.would_repack_bytes > 0 && [
          t("prune.repack"),
          <Bytes key="" value={preview.would_repack_bytes} />,
        ],
        [t("prune.unused"), <Bytes key="" value={preview.unused_bytes_kept} />],
        [t("prune.packs"), packs],
        preview.packs_unreferenced > 0 && [
          t("prune.packsUnreferenced"),
          <Count key="" value={preview.packs_unreferenced} />,
        ],
      ]}
    />
  );
}
