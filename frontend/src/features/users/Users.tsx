import { useTranslation } from "react-i18next";
import { PageHead } from "@/parts/PageHead";

export default function Users() {
  const { t } = useTranslation();
  return <PageHead title={t("nav.users")} />;
}
