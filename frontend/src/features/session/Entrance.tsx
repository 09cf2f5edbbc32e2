import { Center, Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import icon from "@/app/icon.svg";
import { LogInForm } from "@/features/session/LogInForm";
import { SetUpForm } from "@/features/session/SetUpForm";
import { useEntrance } from "@/features/session/useSession";
import { Loaded } from "@/parts/States";

/** What stands before the page: the login, or the first run. */
export default function Entrance() {
  const { t } = useTranslation("session");
  const entrance = useEntrance();
  useDocumentTitle("Holdfast");
  return (
    <Center mih="100vh" p="md">
      <Paper component="main" withBorder shadow="sm" p="xl" w="100%" maw={420}>
        <Stack>
          <Stack gap={4} align="center">
            <img src={icon} width={44} height={44} alt="" />
            <Title order={1} size="h3">
              Holdfast
            </Title>
          </Stack>
          <Loaded query={entrance}>
            {({ setUpNeeded, oidc }) =>
              setUpNeeded ? (
                <>
                  <Text size="sm">{t("setUp.about")}</Text>
                  <SetUpForm />
                </>
              ) : (
                <LogInForm oidc={oidc} />
              )
            }
          </Loaded>
        </Stack>
      </Paper>
    </Center>
  );
}
