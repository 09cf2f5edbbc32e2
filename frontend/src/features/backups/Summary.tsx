import { Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { BackupShape } from "@/api/generated/plan";
import { isStored, isUnderWay } from "@/backup/jobs";
import { ByRestic } from "@/features/backups/ByRestic";
import { Facts } from "@/features/backups/Facts";
import { Held } from "@/features/backups/Held";
import { Troubles } from "@/features/backups/Troubles";
import { useMakingJob } from "@/features/backups/useMakingJob";
import { CopyValue } from "@/parts/CopyValue";
import type { Fact } from "@/parts/FactList";
import { JobProgress } from "@/parts/JobProgress";
import { Bytes, Count, Took, When } from "@/parts/Values";

/** What a backup is: what is wrong with it first, then what it holds, and where it comes from. */
export function Summary({ backup }: { backup: BackupShape }) {
  const job = useMakingJob(backup);
  const stored = isStored(backup);
  return (
    <Stack gap="lg">
      {isUnderWay(backup) && job && <JobProgress job={job} />}
      <Troubles backup={backup} />
      {backup.contents && <Held contents={backup.contents} />}
      <Origin backup={backup} actor={job?.actor ?? null} />
      {stored && <Sizes backup={backup} />}
      {stored && <Versions backup={backup} />}
      {stored && <ByRestic backup={backup} />}
    </Stack>
  );
}

function Origin({ backup, actor }: { backup: BackupShape; actor: string | null }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const unknown = word("words.unknown");
  const who = backup.trigger === "scheduled_cron" ? t("fact.bySchedule") : actor;
  const asked: Fact[] = [
    [t("fact.taken"), <When key="at" at={backup.created_at} as="short" />],
    [t("fact.why"), backup.trigger ? word(`trigger.${backup.trigger}`) : unknown],
    [t("fact.who"), who ?? unknown],
  ];
  const proven = backup.verified_at ? (
    <When key="proven" at={backup.verified_at} as="short" />
  ) : (
    t("fact.never")
  );
  // Of one that came to nothing, only who asked for it is known.
  const made: Fact[] = [
    [t("fact.host"), backup.hostname || unknown],
    [t("fact.took"), <Took key="took" seconds={backup.duration_s} />],
    [t("fact.proven"), proven],
  ];
  const id: Fact = [t("fact.id"), <CopyValue key="id" value={backup.id} what={t("fact.id")} />];
  return (
    <Facts title={t("fact.origin")} facts={[...asked, ...(isStored(backup) ? made : []), id]} />
  );
}

function Sizes({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const told = (value: boolean | null) =>
    value === null ? word("words.unknown") : word(value ? "words.yes" : "words.no");
  return (
    <Facts
      title={t("fact.sizes")}
      facts={[
        [t("fact.original"), <Bytes key="o" value={backup.original_size_bytes} />],
        [t("fact.packed"), <Bytes key="p" value={backup.compressed_size_bytes} />],
        [t("fact.added"), <Bytes key="a" value={backup.stored_size_bytes} />],
        [t("fact.records"), <Count key="r" value={backup.total_records} />],
        [t("fact.files"), <Count key="f" value={backup.total_files} />],
        [t("fact.compressed"), told(backup.compressed)],
        [t("fact.encrypted"), told(backup.encrypted)],
      ]}
    />
  );
}

function Versions({ backup }: { backup: BackupShape }) {
  const { t } = useTranslation("backups");
  const { t: word } = useTranslation();
  const checksum = backup.checksum && (
    <CopyValue value={backup.checksum} what={t("fact.checksum")} />
  );
  return (
    <Facts
      title={t("fact.versions")}
      facts={[
        [t("fact.app"), backup.app_version ?? word("words.unknown")],
        [t("fact.schema"), backup.schema_version ?? word("words.unknown")],
        [
          `${t("fact.checksum")} (${backup.checksum_algorithm.toUpperCase()})`,
          checksum || word("words.unknown"),
        ],
      ]}
    />
  );
}
