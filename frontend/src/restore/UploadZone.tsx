import "@mantine/dropzone/styles.css";
import { Button, Group, Stack, Text } from "@mantine/core";
import { Dropzone } from "@mantine/dropzone";
import { IconFileZip, IconUpload, IconX } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { formatBytes } from "@/format/numbers";
import { useLocale } from "@/i18n/useLocale";

export interface UploadZoneProps {
  maxBytes?: number;
  onFile: (file: File) => void;
}

/** Where an archive is dropped, or chosen by a button. Loaded when it is wanted. */
export default function UploadZone({ maxBytes, onFile }: UploadZoneProps) {
  const { t } = useTranslation("restoring");
  const locale = useLocale();
  const open = useRef<() => void>(null);
  return (
    <Dropzone
      openRef={open}
      onDrop={(files) => files[0] && onFile(files[0])}
      // The button is what a keyboard and a screen reader find.
      activateOnClick={false}
      activateOnKeyboard={false}
      multiple={false}
      inputProps={{ "aria-label": t("upload.input") }}
      enablePointerEvents
      p="xl"
    >
      <Stack align="center" gap="xs" ta="center">
        <Dropzone.Accept>
          <IconUpload size={40} stroke={1.4} aria-hidden />
        </Dropzone.Accept>
        <Dropzone.Reject>
          <IconX size={40} stroke={1.4} aria-hidden />
        </Dropzone.Reject>
        <Dropzone.Idle>
          <IconFileZip size={40} stroke={1.4} aria-hidden />
        </Dropzone.Idle>
        <Text fw={600}>{t("upload.drop")}</Text>
        <Text size="sm" c="dimmed">
          {t("upload.kinds")}
          {maxBytes !== undefined &&
            ` ${t("upload.most", { size: formatBytes(maxBytes, locale) })}`}
        </Text>
        <Group mt={4}>
          <Button variant="default" onClick={() => open.current?.()}>
            {t("upload.choose")}
          </Button>
        </Group>
      </Stack>
    </Dropzone>
  );
}
