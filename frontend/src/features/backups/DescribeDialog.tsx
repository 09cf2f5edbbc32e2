import { Alert, Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { toProblem } from "@/api/problem";
import { useUpdateBackup } from "@/backup/hooks/useUpdateBackup";
import { TagField } from "@/features/backups/TagField";
import { ProblemText } from "@/parts/States";
import { sayDone } from "@/parts/say";

interface DescribeDialogProps {
  backup: BackupShape;
  onClose: () => void;
}

/** Change what a backup is called, and its tags. */
export default function DescribeDialog({ backup, onClose }: DescribeDialogProps) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const [description, setDescription] = useState(backup.description ?? "");
  const [tags, setTags] = useState(backup.tags);
  const update = useUpdateBackup();
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    // Only what was changed: a tag that retention goes by may need another permission.
    const sameTags = tags.join() === backup.tags.join();
    const change = { description: description.trim() || null, ...(!sameTags && { tags }) };
    const onSuccess = () => {
      sayDone(t("describe.done"));
      onClose();
    };
    update.mutate({ id: backup.id, change }, { onSuccess });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("describe.title")}
      closeButtonProps={{ "aria-label": word("actions.close") }}
    >
      <form onSubmit={onSubmit}>
        <Stack>
          <TextInput
            label={t("create.description")}
            maxLength={1000}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
            data-autofocus
          />
          <TagField value={tags} onChange={setTags} />
          {update.isError && (
            <Alert color="red" role="alert">
              <ProblemText problem={toProblem(update.error)} />
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {word("actions.cancel")}
            </Button>
            <Button type="submit" loading={update.isPending}>
              {word("actions.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
