import { useTranslation } from "react-i18next";

const KINDS = ["sqlite", "postgresql", "mysql", "tables", "directory", "settings"] as const;

/** The way to call a kind of source; one that is not known yet keeps its own name. */
export function useSourceKind(): (kind: string) => string {
  const { t } = useTranslation("backups");
  return (kind) => {
    const known = KINDS.find((each) => each === kind);
    return known ? t(`source.${known}`) : kind;
  };
}
