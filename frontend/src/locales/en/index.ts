import { first } from "./first";
import { rest } from "./rest";

/** All that is said; what shows it loads each part when it is needed. */
export const en = { ...first, ...rest };
