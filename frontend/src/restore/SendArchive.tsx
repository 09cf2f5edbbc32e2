import { Alert, Button, Group, PasswordInput, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { OfferShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import type { RestoreChoice } from "@/backup/hooks/useStartRestore";
import { useUploadArchive } from "@/backup/hooks/useUpload";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";
import { Loading, ProblemText } from "@/parts/States";
import { useUnloadWarning } from "@/parts/useUnloadWarning";
import { ChosenFile } from "@/restore/ChosenFile";
import { archiveKind, refusalOf } from "@/restore/files";
import { SendingProgress } from "@/restore/SendingProgress";

const UploadZone = lazy(() => import("@/restore/UploadZone"));

export interface SendArchiveProps {
  /** How it is to be restored; what the server looks at is exactly that. */
  choice?: RestoreChoice;
  /** The largest archive that the server takes. */
  maxBytes?: number;
  /** Told what restoring the archive would replace, once it was sent and checked. */
  onOffer: (offer: OfferShape) => void;
  /** What can be chosen before it is sent, below the file. */
  children?: ReactNode;
  /** Why it cannot be sent yet. */
  disabled?: boolean;
}

/** Choose an archive, send it, and have it checked. Nothing is changed by that. */
export function SendArchive(props: SendArchiveProps) {
  const { choice, maxBytes, onOffer, children, disabled } = props;
  const { t } = useTranslation("restoring");
  const locale = useLocale();
  const [file, setFile] = useState<File | null>(null);
  const [refused, setRefused] = useState<{ name: string; why: string } | null>(null);
  const [passphrase, setPassphrase] = useState("");
  const abort = useRef<AbortController>(null);
  const upload = useUploadArchive();
  useUnloadWarning(upload.isPending);
  // Nobody is there any more to decide on what is sent.
  useEffect(() => () => abort.current?.abort(), []);

  const onFile = (given: File) => {
    const why = refusalOf(given, maxBytes);
    setRefused(
      why && {
        name: given.name,
        why: t(`upload.refused.${why}`, { size: formatBytes(maxBytes ?? 0, locale) }),
      },
    );
    if (why === null) setFile(given);
    upload.reset();
  };
  const send = () => {
    if (file === null || upload.isPending) return;
    abort.current = new AbortController();
    const { signal } = abort.current;
    upload.mutate({ file, passphrase, choice, signal }, { onSuccess: onOffer });
  };
  const giveUp = () => {
    abort.current?.abort();
    upload.reset();
  };

  if (file === null) {
    return (
      <Stack gap="sm">
        <Suspense fallback={<Loading rows={1} height={190} />}>
          <UploadZone maxBytes={maxBytes} onFile={onFile} />
        </Suspense>
        {refused && (
          <Alert
            color="red"
            role="alert"
            icon={<IconAlertTriangle aria-hidden />}
            title={t("upload.notSent", { name: refused.name })}
          >
            {refused.why}
          </Alert>
        )}
      </Stack>
    );
  }
  const encrypted = archiveKind(file.name) === "encrypted";
  const stopped = upload.error instanceof DOMException && upload.error.name === "AbortError";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <Stack gap="md">
        <ChosenFile
          file={file}
          onRemove={
            upload.isPending
              ? undefined
              : () => {
                  setFile(null);
                  setPassphrase("");
                  upload.reset();
                }
          }
        />
        {upload.isPending ? (
          <SendingProgress sent={upload.sent} size={file.size} onCancel={giveUp} />
        ) : (
          <>
            {encrypted && (
              <PasswordInput
                label={t("upload.passphrase")}
                description={t("upload.passphraseHint")}
                value={passphrase}
                onChange={(event) => setPassphrase(event.currentTarget.value)}
                autoComplete="off"
                required
                maw={420}
              />
            )}
            {children}
            {upload.isError && !stopped && (
              <Alert
                color="red"
                role="alert"
                icon={<IconAlertTriangle aria-hidden />}
                title={t("upload.failed")}
              >
                <ProblemText problem={toProblem(upload.error)} />
              </Alert>
            )}
            <Group>
              <Button type="submit" disabled={disabled || (encrypted && passphrase === "")}>
                {t("upload.send")}
              </Button>
            </Group>
          </>
        )}
      </Stack>
    </form>
  );
}
