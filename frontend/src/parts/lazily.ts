import { type ComponentType, lazy } from "react";
import { arriving } from "@/parts/reach";

/** A component that is loaded when it is first shown, also if the server is away just then. */
export function lazily<Props>(load: () => Promise<{ default: ComponentType<Props> }>) {
  return lazy(() => arriving(load));
}
