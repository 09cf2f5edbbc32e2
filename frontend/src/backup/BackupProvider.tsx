import { createContext, type ReactNode, useContext, useMemo } from "react";
import { type Connection, type ConnectionOptions, createConnection } from "@/api/connection";

const ConnectionContext = createContext<Connection | null>(null);

export interface BackupProviderProps extends ConnectionOptions {
  children: ReactNode;
}

/** Tell the hooks below where the server is; a `QueryClientProvider` must be above. */
export function BackupProvider({ children, ...options }: BackupProviderProps) {
  const { baseUrl, headers, stepUp, isStepUpDue, onUnknown, fetch } = options;
  const connection = useMemo(
    () => createConnection({ baseUrl, headers, stepUp, isStepUpDue, onUnknown, fetch }),
    [baseUrl, headers, stepUp, isStepUpDue, onUnknown, fetch],
  );
  return <ConnectionContext value={connection}>{children}</ConnectionContext>;
}

/** The connection of the `BackupProvider` above. */
export function useConnection(): Connection {
  const connection = useContext(ConnectionContext);
  if (connection === null) throw new Error("A <BackupProvider> is missing above this component");
  return connection;
}
