import { Center, Loader } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Fragment, lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Shell } from "@/app/Shell";
import { useReach } from "@/app/useReach";
import { whole } from "@/app/whole";
import { EndedLogin } from "@/features/session/EndedLogin";
import { StepUp } from "@/features/session/StepUp";
import { useVisitor } from "@/features/session/useSession";
import { Arriving } from "@/parts/Arriving";
import { Loaded } from "@/parts/States";

const Entrance = lazy(whole(() => import("@/features/session/Entrance")));

/** Lets in who is logged in, and sends everybody else to the login. */
export function Gate() {
  const { me, visitor } = useVisitor();
  const { t } = useTranslation();
  useReach(useQueryClient());
  const loading = (
    <Center mih="100vh">
      <Loader aria-label={t("states.loading")} />
    </Center>
  );
  return (
    <Loaded query={me} loading={loading}>
      {(known) =>
        visitor === null ? (
          <Suspense fallback={<Arriving loading={loading} />}>
            <Entrance />
          </Suspense>
        ) : (
          <>
            <EndedLogin visitor={visitor} ended={known === null} />
            {/* Of another user it is another page, on which nothing of the first one is left. */}
            <Fragment key={visitor.username}>
              <StepUp me={visitor} />
              <Shell me={visitor} />
            </Fragment>
          </>
        )
      }
    </Loaded>
  );
}
