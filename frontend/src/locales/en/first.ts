import common from "./common.json";
import overview from "./overview.json";
import session from "./session.json";

/** What is said before another screen than the overview is opened. */
export const first = { common, overview, session };
