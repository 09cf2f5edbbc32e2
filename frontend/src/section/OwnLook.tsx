import { type CSSVariablesResolver, createTheme, MantineProvider } from "@mantine/core";
import { useIsomorphicEffect, useMediaQuery } from "@mantine/hooks";
import { type ReactNode, useMemo, useState } from "react";

export type ColorScheme = "light" | "dark" | "auto";

/** All that Mantine would put on the whole page is put on elements with this class alone. */
const SCOPE = "holdfast-section";
const theme = createTheme({
  // As the page around has it.
  fontFamily: "inherit",
  headings: { fontFamily: "inherit", fontWeight: "650" },
  autoContrast: true,
  components: {
    Tooltip: {
      defaultProps: { withArrow: true, events: { hover: true, focus: true, touch: true } },
    },
    Modal: { defaultProps: { centered: true, styles: { title: { fontWeight: 650 } } } },
    // A <header> that is not within an <article> is the banner of the page.
    ModalHeader: { defaultProps: { component: "div" } },
  },
});

/** Quiet text and errors with the contrast that WCAG asks for (4.5 to 1). */
const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#51585f",
    "--mantine-color-placeholder": "#5c636a",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-red-filled": "#c92a2a",
    "--mantine-color-red-filled-hover": "#b02323",
    "--mantine-color-teal-light-color": "#07604a",
    "--mantine-color-green-light-color": "#226a2e",
    "--mantine-color-orange-light-color": "#a3360a",
    "--mantine-color-blue-filled": "#1971c2",
    "--mantine-color-blue-filled-hover": "#1864ab",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b0b8",
    "--mantine-color-placeholder": "#9aa2aa",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-red-filled": "#c92a2a",
    "--mantine-color-red-filled-hover": "#b02323",
    "--mantine-color-blue-filled": "#1971c2",
    "--mantine-color-blue-filled-hover": "#1864ab",
  },
});

interface OwnLookProps {
  colorScheme: ColorScheme;
  children: ReactNode;
}

/** Mantine for what is below, and for nothing else of the page. */
export function OwnLook({ colorScheme, children }: OwnLookProps) {
  const darkSystem = useMediaQuery("(prefers-color-scheme: dark)");
  const scheme = colorScheme === "auto" ? (darkSystem ? "dark" : "light") : colorScheme;
  const target = useOverlays(scheme);
  const scoped = useMemo(
    () => ({
      ...theme,
      components: { ...theme.components, Portal: { defaultProps: { target } } },
    }),
    [target],
  );
  return (
    <MantineProvider
      theme={scoped}
      forceColorScheme={scheme}
      cssVariablesSelector={`.${SCOPE}`}
      cssVariablesResolver={cssVariablesResolver}
      // What says the colours stands on the elements below, not on that of the page.
      getRootElement={() => undefined}
    >
      <div className={SCOPE} data-mantine-color-scheme={scheme} data-respect-reduced-motion>
        {children}
      </div>
    </MantineProvider>
  );
}

/** Return where dialogs and tooltips stand: at the end of the page, above all that it shows. */
function useOverlays(scheme: string): HTMLElement | undefined {
  const [place] = useState(() =>
    typeof document === "undefined" ? undefined : document.createElement("div"),
  );
  useIsomorphicEffect(() => {
    if (place === undefined) return;
    place.className = SCOPE;
    place.dataset.mantineColorScheme = scheme;
    place.dataset.respectReducedMotion = "true";
    document.body.append(place);
    return () => place.remove();
  }, [place, scheme]);
  return place;
}
