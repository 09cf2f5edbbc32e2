import { AppShell, Burger, Container, Group, NavLink, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, Route, Switch, useLocation } from "wouter";
import type { Me } from "@/api/generated/server";
import { API, watch } from "@/api/server";
import { Away } from "@/app/Away";
import icon from "@/app/icon.svg";
import { NoPage } from "@/app/NoPage";
import { Preferences } from "@/app/Preferences";
import { SCREENS } from "@/app/screens";
import { useKeptPlan } from "@/app/useKeptPlan";
import { useReach } from "@/app/useReach";
import { whole } from "@/app/whole";
import { BackupProvider } from "@/backup/BackupProvider";
import { newQueryClient } from "@/backup/cache";
import { AccountMenu } from "@/features/session/AccountMenu";
import { Arriving } from "@/parts/Arriving";
import { AccessContext } from "@/parts/access";
import { Boundary } from "@/parts/Boundary";
import { Denied } from "@/parts/States";

const PlanPicker = lazy(whole(() => import("@/app/PlanPicker")));

const stepUp = () => watch.stepUp?.() ?? Promise.resolve(false);
const isStepUpDue = () => watch.isStepUpDue?.() ?? Promise.resolve(false);
const onUnknown = () => watch.onUnknown?.();

/** The frame of all screens: navigation, the plan that is shown, preferences, the account. */
export function Shell({ me }: { me: Me }) {
  const { t } = useTranslation();
  const [opened, { toggle, close }] = useDisclosure();
  const [pathname] = useLocation();
  const [kept, setPlan] = useKeptPlan();
  const plan = me.plans.find((each) => each === kept) ?? me.plans[0] ?? "";
  const allowed = useMemo(() => new Set(me.permissions), [me.permissions]);
  // What is known of one plan must not show under another.
  // biome-ignore lint/correctness/useExhaustiveDependencies: a cache for each plan
  const cache = useMemo(newQueryClient, [plan]);
  useReach(cache);
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever another screen is opened
  useEffect(() => close(), [pathname]);

  const links = SCREENS.filter(({ needs }) => allowed.has(needs)).map(
    ({ name, path, icon: Icon }) => {
      const to = path.replace("/:id?", "");
      const active = to === "/" ? pathname === "/" : pathname.startsWith(to);
      return (
        <NavLink
          key={name}
          component={Link}
          href={to}
          label={t(`nav.${name}`)}
          leftSection={<Icon size={19} stroke={1.7} aria-hidden />}
          active={active}
          aria-current={active ? "page" : undefined}
          variant="light"
        />
      );
    },
  );

  return (
    <AccessContext value={allowed}>
      <AppShell
        header={{ height: 56 }}
        navbar={{ width: 216, breakpoint: "sm", collapsed: { mobile: !opened } }}
        padding="md"
      >
        <AppShell.Header px="md">
          <button type="button" className="skip-link" onClick={focusContent}>
            {t("nav.skip")}
          </button>
          <Group h="100%" justify="space-between" wrap="nowrap" gap="xs">
            <Group gap="xs" wrap="nowrap">
              <Burger
                opened={opened}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label={opened ? t("nav.close") : t("nav.open")}
                aria-expanded={opened}
              />
              <img src={icon} width={28} height={28} alt="" />
              <Text fw={700} visibleFrom="xs">
                Holdfast
              </Text>
              {me.plans.length > 1 ? (
                <Suspense fallback={<Text c="dimmed">{plan}</Text>}>
                  <PlanPicker plans={me.plans} chosen={plan} onChoose={setPlan} />
                </Suspense>
              ) : (
                plan !== "default" && <Text c="dimmed">{plan}</Text>
              )}
            </Group>
            <Group gap={4} wrap="nowrap">
              <Preferences />
              <AccountMenu me={me} />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="xs" aria-label={t("nav.label")}>
          {links}
        </AppShell.Navbar>
        <AppShell.Main id="content" tabIndex={-1} style={{ outline: "none" }}>
          <Container size={1160} px={0}>
            <Away />
            <QueryClientProvider client={cache}>
              <BackupProvider
                key={plan}
                baseUrl={`${API}/plans/${encodeURIComponent(plan)}`}
                stepUp={stepUp}
                isStepUpDue={isStepUpDue}
                onUnknown={onUnknown}
              >
                <Boundary of={pathname}>
                  <Suspense fallback={<Arriving />}>
                    <Switch>
                      {SCREENS.map(({ name, path, needs, Screen }) => (
                        <Route key={name} path={path}>
                          {allowed.has(needs) ? (
                            <Screen />
                          ) : (
                            <Denied permission={needs} order={1} />
                          )}
                        </Route>
                      ))}
                      <Route>
                        <NoPage />
                      </Route>
                    </Switch>
                  </Suspense>
                </Boundary>
              </BackupProvider>
            </QueryClientProvider>
          </Container>
        </AppShell.Main>
      </AppShell>
    </AccessContext>
  );
}

function focusContent(): void {
  document.getElementById("content")?.focus();
}
