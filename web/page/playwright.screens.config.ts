// Pictures of every view, both themes, three widths, in .screens: `npm run screens`, then look at them.
import base from "./playwright.config.ts";

export default { ...base, testMatch: "screens.pictures.ts", timeout: 300_000 };
