import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

/** The blue-green of kelp's water; shade 7 is dark enough for white letters. */
const sea: MantineColorsTuple = [
  "#e6f8f6",
  "#d3eeeb",
  "#a8dcd7",
  "#79c9c2",
  "#52b8b0",
  "#39ada4",
  "#279f96",
  "#0f766e",
  "#0b6a63",
  "#045049",
];

export const theme = createTheme({
  colors: { sea },
  primaryColor: "sea",
  primaryShade: { light: 7, dark: 7 },
  autoContrast: true,
  defaultRadius: "md",
  fontFamily:
    "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
  headings: { fontWeight: "650" },
  respectReducedMotion: true,
  components: {
    Tooltip: {
      defaultProps: { withArrow: true, events: { hover: true, focus: true, touch: true } },
    },
    Modal: {
      defaultProps: { centered: true, styles: { title: { fontWeight: 650, lineHeight: 1.35 } } },
    },
    Drawer: { defaultProps: { styles: { title: { fontWeight: 650, lineHeight: 1.35 } } } },
    // A <header> that is not within an <article> is the banner of the page, of which there is one.
    ModalHeader: { defaultProps: { component: "div" } },
    DrawerHeader: { defaultProps: { component: "div" } },
  },
});

/** Quiet text that still has the contrast that WCAG asks for (4.5 to 1). */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
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
    "--holdfast-surface": "#f6f8f9",
  },
  dark: {
    "--mantine-color-dimmed": "#a9b0b8",
    "--mantine-color-placeholder": "#9aa2aa",
    "--mantine-color-error": "#ff8787",
    "--mantine-color-red-filled": "#c92a2a",
    "--mantine-color-red-filled-hover": "#b02323",
    "--holdfast-surface": "#16191c",
  },
});
