import { Badge, Code, Group, Paper, Stack, Text, ThemeIcon } from "@mantine/core";
import { IconDatabase, IconFolder, IconSettings } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { Said } from "@/parts/Said";
import { Bytes, When } from "@/parts/Values";
import type { PlaceChange } from "@/restore/changes";
import { FileChanges } from "@/restore/FileChanges";
import { TableChanges } from "@/restore/TableChanges";

const COLORS: Record<string, string> = {
  create: "teal",
  replace: "orange",
  remove: "red",
};
const KNOWN = ["create", "replace", "unchanged", "remove", "skip"] as const;
type Action = (typeof KNOWN)[number];
const isKnown = (action: string): action is Action => KNOWN.includes(action as Action);

/** What becomes of one database, directory, or of the settings. */
export function PlaceCard({ change }: { change: PlaceChange }) {
  const { t } = useTranslation("restoring");
  const { place, target, files, tables, others } = change;
  const kind = place?.kind ?? (files ? "directory" : target === "settings" ? "settings" : "");
  const Icon =
    kind === "directory" ? IconFolder : kind === "settings" ? IconSettings : IconDatabase;
  const isPath = target !== "settings";
  return (
    <Paper withBorder p="sm" component="section" aria-label={target}>
      <Stack gap="xs">
        <Group gap="sm" wrap="nowrap" align="flex-start">
          <ThemeIcon variant="light" color="gray" size="lg">
            <Icon size={19} stroke={1.7} aria-hidden />
          </ThemeIcon>
          <Group flex={1} gap="xs" justify="space-between" align="flex-start">
            <Stack gap={2} flex="1 1 230px" miw={0}>
              {isPath ? (
                <Code style={{ overflowWrap: "anywhere", alignSelf: "flex-start" }}>{target}</Code>
              ) : (
                <Text fw={600} size="sm">
                  {t("place.settings")}
                </Text>
              )}
              {place?.exists && place.modified_at && (
                <Text size="sm" c="dimmed">
                  {t("place.now")} <Bytes value={place.size_bytes} />
                  {" · "}
                  {t("place.written")} <When at={place.modified_at} />
                </Text>
              )}
              {place && !place.exists && (
                <Text size="sm" c="dimmed">
                  {t("place.absent")}
                </Text>
              )}
            </Stack>
            <Badge
              variant="light"
              color={COLORS[change.action] ?? "gray"}
              radius="sm"
              tt="none"
              style={{ flexShrink: 0 }}
            >
              {isKnown(change.action) ? t(`action.${change.action}`) : change.action}
            </Badge>
          </Group>
        </Group>
        {files ? (
          <FileChanges root={target} files={files} examples={others} />
        ) : (
          <>
            {change.detail && tables.every((each) => each.after === null) && (
              <Text size="sm" c="dimmed">
                <Said>{sentence(change.detail)}</Said>
              </Text>
            )}
            <TableChanges tables={tables} settings={kind === "settings"} />
            {others.map((each) => (
              <Text key={each.target + each.detail} size="sm" style={{ overflowWrap: "anywhere" }}>
                {each.detail ? <Said>{each.detail}</Said> : each.target}
              </Text>
            ))}
          </>
        )}
      </Stack>
    </Paper>
  );
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
