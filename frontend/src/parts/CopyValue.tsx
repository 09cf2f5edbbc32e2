import { ActionIcon, Code, CopyButton, Group, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";

interface CopyValueProps {
  value: string;
  /** What it is, for the button's name: "Copy the checksum". */
  what: string;
  /** On several lines, as it is. */
  block?: boolean;
}

/** A value as it is typed, with a button that copies it. */
export function CopyValue({ value, what, block = false }: CopyValueProps) {
  const { t } = useTranslation();
  return (
    <Group gap={4} wrap="nowrap" align={block ? "flex-start" : "center"} miw={0}>
      <Code
        block={block}
        flex={block ? 1 : undefined}
        style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}
      >
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t("actions.copied") : t("actions.copy")}>
            <ActionIcon
              variant="subtle"
              color={copied ? "teal" : "gray"}
              aria-label={t("words.copyValue", { what })}
              onClick={copy}
            >
              {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </Group>
  );
}
