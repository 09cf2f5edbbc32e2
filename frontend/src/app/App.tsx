import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import type { i18n as I18n } from "i18next";
import { useState } from "react";
import { I18nextProvider } from "react-i18next";
import { Router } from "wouter";
import { useAddress } from "@/app/address";
import { Gate } from "@/app/Gate";
import { cssVariablesResolver, theme } from "@/app/theme";
import { newQueryClient } from "@/backup/cache";
import { Boundary } from "@/parts/Boundary";
import { sayings } from "@/parts/say";

export function App({ texts, nonce }: { texts: I18n; nonce: string }) {
  const [cache] = useState(newQueryClient);
  return (
    <I18nextProvider i18n={texts}>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        cssVariablesResolver={cssVariablesResolver}
        getStyleNonce={() => nonce}
      >
        <Notifications store={sayings} position="bottom-right" limit={4} />
        <QueryClientProvider client={cache}>
          <Router hook={useAddress}>
            <Boundary>
              <Gate />
            </Boundary>
          </Router>
        </QueryClientProvider>
      </MantineProvider>
    </I18nextProvider>
  );
}
