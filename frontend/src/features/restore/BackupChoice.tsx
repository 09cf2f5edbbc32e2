import { Button, Paper, Stack, TextInput, Title } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArchive, IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "wouter";
import type { BackupState } from "@/api/generated/plan";
import { useBackupList } from "@/backup/hooks/useBackupList";
import { BackupRow } from "@/features/restore/BackupRow";
import classes from "@/features/restore/restore.module.css";
import { Empty, Loaded, Loading } from "@/parts/States";

const RESTORABLE: BackupState[] = ["completed", "verified", "partial", "restored"];
const PAGE = 8;
const MOST = 200;

/** The backups that can be restored, newest first: which of them is it to be? */
export function BackupChoice() {
  const { t } = useTranslation("restore");
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text, 250);
  const [limit, setLimit] = useState(PAGE);
  const list = useBackupList({ status: RESTORABLE, text: wanted || undefined, limit });
  return (
    <Stack gap="sm" component="section" aria-labelledby="restore-which">
      <Title order={2} size="h4" id="restore-which">
        {t("choose.title")}
      </Title>
      <TextInput
        aria-label={t("choose.search")}
        placeholder={t("choose.search")}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maw={420}
      />
      <Loaded query={list} loading={<Loading rows={5} height={62} />}>
        {({ backups, total }) =>
          backups.length === 0 ? (
            <Paper withBorder>
              {wanted ? (
                <Empty title={t("choose.noneFound")} icon={<IconSearch size={28} aria-hidden />} />
              ) : (
                <Empty
                  title={t("choose.none")}
                  icon={<IconArchive size={28} stroke={1.5} aria-hidden />}
                  action={
                    <Button component={Link} href="/backups">
                      {t("choose.toBackups")}
                    </Button>
                  }
                >
                  {t("choose.noneHint")}
                </Empty>
              )}
            </Paper>
          ) : (
            <>
              <Paper withBorder component="ul" className={classes.list}>
                {backups.map((each) => (
                  <li key={each.id}>
                    <Link
                      href={`/restore/${encodeURIComponent(each.id)}`}
                      className={classes.choice}
                    >
                      <BackupRow backup={each} />
                    </Link>
                  </li>
                ))}
              </Paper>
              {total > backups.length && limit < MOST && (
                <Button
                  variant="default"
                  style={{ alignSelf: "flex-start" }}
                  onClick={() => setLimit(Math.min(limit * 3, MOST))}
                >
                  {t("choose.more")}
                </Button>
              )}
            </>
          )
        }
      </Loaded>
    </Stack>
  );
}
