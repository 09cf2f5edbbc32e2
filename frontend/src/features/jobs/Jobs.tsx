import { useTranslation } from "react-i18next";
import { PageHead } from "@/parts/PageHead";

export default function Jobs() {
  const { t } = useTranslation();
  return <PageHead title={t("nav.jobs")} />;
}
