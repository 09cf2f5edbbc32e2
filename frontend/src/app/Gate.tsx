import { Center, Loader } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { watch } from "@/api/server";
import { Shell } from "@/app/Shell";
import { whole } from "@/app/whole";
import { StepUp } from "@/features/session/StepUp";
import { ME, useMe } from "@/features/session/useSession";
import { Loaded } from "@/parts/States";

const Entrance = lazy(whole(() => import("@/features/session/Entrance")));

/** Lets in who is logged in, and sends everybody else to the login. */
export function Gate() {
  const me = useMe();
  const cache = useQueryClient();
  const { t } = useTranslation();
  useEffect(() => {
    watch.onUnknown = () => {
      // The refusal may be of a wrong password; and the question who is here is refused as well.
      if (cache.getQueryData(ME) === null || cache.isFetching({ queryKey: ME }) > 0) return;
      void cache.invalidateQueries({ queryKey: ME });
    };
  }, [cache]);
  const loading = (
    <Center mih="100vh">
      <Loader aria-label={t("states.loading")} />
    </Center>
  );
  return (
    <Loaded query={me} loading={loading}>
      {(known) =>
        known === null ? (
          <Suspense fallback={loading}>
            <Entrance />
          </Suspense>
        ) : (
          <>
            <Shell me={known} />
            <StepUp me={known} />
          </>
        )
      }
    </Loaded>
  );
}
