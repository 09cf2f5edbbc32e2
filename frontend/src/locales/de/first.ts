import type { first as english } from "../en/first";
import common from "./common.json";
import overview from "./overview.json";
import session from "./session.json";

/** A text that is missing here is an error of types. */
export const first: typeof english = { common, overview, session };
