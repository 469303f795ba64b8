// The page begins here: language and theme first, so that nothing is shown twice.
import "./style/colours.css";
import "./style/base.css";
import { mount } from "svelte";
import { installed } from "./shell/installed.svelte";
import { viewport } from "./shell/viewport.svelte";
import { attention } from "./state/attention.svelte";
import { startAutoLock } from "./state/auto-lock";
import { chats } from "./state/chats.svelte";
import { prepareToGo } from "./state/lock";
import { page } from "./state/page.svelte";
import { preferences } from "./state/preferences.svelte";
import App from "./views/App.svelte";

const target = document.getElementById("page");
if (!target) throw new Error("index.html has no #page");

chats.start();
attention.start();
viewport.start();
page.start();
startAutoLock();
void preferences.apply().then(() => {
  target.replaceChildren();
  mount(App, { target });
});
installed.start(prepareToGo);
