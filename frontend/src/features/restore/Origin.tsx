import { SegmentedControl } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useLocation } from "wouter";
import { UPLOAD } from "@/features/restore/choice";

/** From where it is restored: a backup of the repository, or an archive that is sent. */
export function Origin({ id }: { id: string | undefined }) {
  const { t } = useTranslation("restore");
  const [, navigate] = useLocation();
  return (
    <SegmentedControl
      aria-label={t("origin.label")}
      value={id === UPLOAD ? "upload" : "backup"}
      onChange={(chosen) => navigate(chosen === "upload" ? `/restore/${UPLOAD}` : "/restore")}
      data={[
        { value: "backup", label: t("origin.backup") },
        { value: "upload", label: t("origin.upload") },
      ]}
      style={{ alignSelf: "flex-start", maxWidth: "100%" }}
    />
  );
}
