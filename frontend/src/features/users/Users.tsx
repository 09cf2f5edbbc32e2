import { Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { TokenSection } from "@/features/users/TokenSection";
import { UserSection } from "@/features/users/UserSection";
import { useMay } from "@/parts/access";
import { PageHead } from "@/parts/PageHead";

/** Who may come in: users, and the tokens of programs. */
export default function Users() {
  const { t } = useTranslation("users");
  const administers = useMay("administer");
  return (
    <>
      <PageHead title={administers ? t("title") : t("titleTokens")}>
        {administers ? t("about") : t("aboutTokens")}
      </PageHead>
      <Stack gap="xl">
        {administers && <UserSection />}
        <TokenSection />
      </Stack>
    </>
  );
}
