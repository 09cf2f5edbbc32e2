import "@mantine/notifications/styles.css";
import { Notifications } from "@mantine/notifications";
import { type QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { I18nextProvider } from "react-i18next";
import type { ConnectionOptions } from "@/api/connection";
import type { JobShape } from "@/api/generated/plan";
import { BackupProvider } from "@/backup/BackupProvider";
import { newQueryClient } from "@/backup/cache";
import { sayings } from "@/parts/say";
import { Look } from "@/section/Look";
import type { ColorScheme } from "@/section/OwnLook";
import { Section } from "@/section/Section";
import { createSectionTexts, type SectionLanguage } from "@/section/texts";
import { useNewest } from "@/section/useNewest";
import { useSpeaker } from "@/section/useSpeaker";

export interface BackupRestoreProps {
  /** Where the routes begin: the prefix of `include_router`, such as `/api/backups`. */
  baseUrl: string;
  /** Sent with every request, such as `Authorization`; asked anew each time. */
  headers?: () => Record<string, string>;
  /** The language of the section; English if it is left out. */
  language?: SectionLanguage;
  /** Used instead of the browser's `fetch`, for all but sending an archive. */
  fetch?: ConnectionOptions["fetch"];
  /** To share what is known with the hooks of the page, for one plan; it has its own otherwise. */
  queryClient?: QueryClient;
  /** Light if it is left out; without effect below a `MantineProvider`, which decides. */
  colorScheme?: ColorScheme;
  /** Told when live data were replaced: what the page shows of them is old. */
  onRestored?: (job: JobShape) => void;
}

/** Backups for the settings of an application: make, see, download, restore, undo, delete. */
export function BackupRestore(props: BackupRestoreProps) {
  const { baseUrl, language = "en", queryClient, colorScheme = "light", onRestored } = props;
  const speaks = useSpeaker();
  const texts = useMemo(() => createSectionTexts(language), [language]);
  // However often the page around is drawn, with functions that are new each time.
  const headers = useNewest(() => props.headers?.() ?? {});
  const send = useNewest<typeof fetch>((...request) => (props.fetch ?? fetch)(...request));
  return (
    <I18nextProvider i18n={texts}>
      <Look colorScheme={colorScheme}>
        {speaks && <Notifications store={sayings} position="top-right" limit={4} />}
        {/* What is known of one plan must not show under another. */}
        <Cache key={baseUrl} queryClient={queryClient}>
          <BackupProvider baseUrl={baseUrl} headers={headers} fetch={send}>
            <Section onRestored={onRestored} />
          </BackupProvider>
        </Cache>
      </Look>
    </I18nextProvider>
  );
}

function Cache({ queryClient, children }: { queryClient?: QueryClient; children: ReactNode }) {
  const [own] = useState(newQueryClient);
  return <QueryClientProvider client={queryClient ?? own}>{children}</QueryClientProvider>;
}
