/* Results that follow what is typed on the search page; without this the form does the same on Enter.

   The same address is asked for as the form would ask for, and parts of its page take the place of ours. Typing
   leaves no trail in the history: it rewrites the present entry. Enter stays an ordinary navigation, and Back from
   it leads to the words from which the reader set out. */

import { whenTyped } from "./typing.js";

const PAUSE = 250; // milliseconds without a stroke until the site is asked
const SETTLED = 700; // and, after the answer, until a voice says what was found
const HALF = { "X-Requested-With": "typing" }; // half a word is not counted among what readers look for
const PARTS = ["#found", "h1", ".tools"]; // results and filters; in the last the words go to the other language

const box = document.getElementById("q");
const voice = document.getElementById("said");
const here = () => location.href.split("#")[0];
const origin = here();
let shown = origin;
let asking = new AbortController();
let saying;

function address() {
  const words = new URLSearchParams(new FormData(box.form));
  if (!words.get("q").trim()) words.delete("q");
  return [box.form.action, words.toString()].filter(Boolean).join("?");
}

async function read(url, signal) {
  try {
    const answer = await fetch(url, { signal, headers: HALF });
    return answer.ok ? await answer.text() : "";
  } catch {
    return ""; // asked anew meanwhile, or nobody there: the page stays as it is, and Enter asks again
  }
}

async function follow(url) {
  asking.abort();
  if (url === shown) return;
  clearTimeout(saying);
  asking = new AbortController();
  const text = await read(url, asking.signal);
  // Whoever has gone on to the results by now is reading them.
  const left = PARTS.some((part) => document.querySelector(part).contains(document.activeElement));
  if (text && !left) show(url, new DOMParser().parseFromString(text, "text/html"));
}

function show(url, page) {
  for (const one of document.querySelectorAll("#found details[open]")) {
    page.getElementById(one.id)?.setAttribute("open", "");
  }
  for (const part of PARTS) document.querySelector(part).replaceWith(page.querySelector(part));
  document.title = page.title;
  history.replaceState(null, "", url);
  shown = url;
  voice.textContent = "";
  saying = setTimeout(say, SETTLED);
}

function say() {
  const parts = document.querySelectorAll("#found [data-say]");
  voice.textContent = Array.from(parts, (part) => part.textContent.trim()).join(" ");
}

whenTyped(box, PAUSE, () => follow(address()));
box.form.addEventListener("submit", () => {
  asking.abort();
  if (here() !== origin) history.replaceState(null, "", origin);
});
// Back within this page, or to a copy of it that the browser kept whole: other words may stand in the address.
for (const back of ["pageshow", "popstate"]) {
  addEventListener(back, () => {
    if (here() !== shown) location.reload();
  });
}
