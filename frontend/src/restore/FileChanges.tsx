import { Button, Collapse, Group, List, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { ChangeShape } from "@/api/generated/plan";
import type { FileCounts } from "@/restore/changes";

interface FileChangesProps {
  root: string;
  files: FileCounts;
  /** Some of the files; the server does not list them all. */
  examples: readonly ChangeShape[];
}

const WORDS = ["created", "replaced", "removed", "unchanged"] as const;

/** How many files of a directory come, are replaced, go, or stay; and some of them. */
export function FileChanges({ root, files, examples }: FileChangesProps) {
  const { t } = useTranslation("restoring");
  const [opened, { toggle }] = useDisclosure();
  const id = useId();
  const told = WORDS.filter((word) => files[word] > 0);
  return (
    <>
      <Group gap="xs">
        <Text size="sm">
          {told.length > 0
            ? told.map((word) => t(`files.${word}`, { count: files[word] })).join(" · ")
            : t("files.none")}
        </Text>
        {examples.length > 0 && (
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={toggle}
            aria-expanded={opened}
            aria-controls={id}
          >
            {opened ? t("files.hide") : t("files.show")}
          </Button>
        )}
      </Group>
      <Collapse expanded={opened} id={id}>
        <List size="sm" spacing={2} listStyleType="none">
          {examples.map((each) => (
            <List.Item key={each.target + each.action + each.detail}>
              <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                {nameOf(each, root)}{" "}
                <Text span inherit c="dimmed">
                  {isShown(each.action) ? t(`files.word.${each.action}`) : ""}
                </Text>
              </Text>
            </List.Item>
          ))}
        </List>
      </Collapse>
    </>
  );
}

const SHOWN = ["create", "replace", "remove"] as const;
const isShown = (action: string): action is (typeof SHOWN)[number] =>
  SHOWN.includes(action as (typeof SHOWN)[number]);

function nameOf(change: ChangeShape, root: string): string {
  return change.target === root ? change.detail : change.target.slice(root.length + 1);
}
