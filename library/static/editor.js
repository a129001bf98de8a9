/* The editor: saves a while after the last keystroke and says so. Without scripts its buttons do the same. */
import { watchItems } from "./editor_items.js";
import { showRoom, showTrouble } from "./editor_fields.js";

const REST = 1000; // after the last keystroke
const LONGEST = 8000; // while somebody types without a pause
const MOST_PAUSE = 60_000;

const form = document.getElementById("sheet");
const shown = document.getElementById("saved");
const said = document.getElementById("said");
const conflict = document.getElementById("conflict");
const version = form.elements.namedItem("version");

const touched = new Map(); // the name of a control, or of a list: the last change of it
let changes = 0; // made in the page so far
let kept = 0; // how many of them the server has
let since = 0; // when the first that it has not was made
let timer = 0;
let pause = 0; // before the next attempt
let saving = null; // the attempt under way
let stopped = false;
let leaving = false;

function tell(kind, words) {
  shown.className = { saved: "state ok", wrong: "state bad" }[kind] || "state warn";
  shown.textContent = words;
  // A voice hears what has changed, not the time of every save.
  if (said.dataset.kind !== kind) said.textContent = words;
  said.dataset.kind = kind;
}

function changed(event, name = event?.target.name) {
  if (changes === kept) since = Date.now();
  changes += 1;
  if (name) touched.set(name, changes);
  // While an input method composes, the letters are not yet the word.
  if (event?.isComposing) return clearTimeout(timer);
  schedule(Math.min(REST, Math.max(0, since + LONGEST - Date.now())));
}

function schedule(wait) {
  clearTimeout(timer);
  if (!stopped) timer = setTimeout(save, wait);
}

function save() {
  clearTimeout(timer);
  if (saving) return saving;
  if (changes === kept || stopped) return Promise.resolve();
  saving = attempt().finally(() => { saving = null; });
  return saving;
}

// As JSON: Chinese text is a third as long as in a form, and the server reads it in a tenth of the time.
function body() {
  const data = new FormData(form);
  for (const name of ["file", "comment"]) data.delete(name); // those are for the script beside, or for a button
  return JSON.stringify([...data]);
}

function headers() {
  const token = form.elements.namedItem("csrf_token").value;
  return { "Accept": "application/json", "Content-Type": "application/json", "X-CSRFToken": token };
}

async function attempt() {
  const sent = changes;
  let response;
  try {
    response = await fetch(form.action, {
      method: "POST", body: body(), redirect: "manual", headers: headers(),
    });
  } catch {
    return again(form.dataset.unsaved);
  }
  if (response.type === "opaqueredirect" || response.status === 401) return again(form.dataset.out);
  if (response.status === 400 && !form.dataset.renewed) return renew();
  const json = (response.headers.get("Content-Type") || "").includes("json");
  if (response.status === 403 && !json) return refuse();
  if (response.status >= 500 || response.status === 429) return again(form.dataset.unsaved);
  const answer = json ? await response.json() : {};
  if (response.status === 409 && answer.conflict) return compare(answer, sent);
  if (response.status === 409) return stop(form.dataset.gone);
  showTrouble(form, answer.trouble || {});
  pause = 0;
  if (!response.ok) {
    since = Date.now();
    if (changes !== sent) schedule(REST);
    return tell("wrong", form.dataset.wrong);
  }
  kept = sent;
  for (const [name, change] of touched) if (change <= sent) touched.delete(name);
  delete form.dataset.renewed;
  version.value = answer.version;
  tell("saved", form.dataset.saved.replace("#", answer.saved_at));
  for (const [name, html] of Object.entries(answer.parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    if (!part.contains(document.activeElement)) part.innerHTML = html;
  }
  if (changes !== kept) changed();
}

function again(words) {
  tell(words, words);
  pause = Math.min(MOST_PAUSE, Math.max(2000, pause * 2));
  setTimeout(() => schedule(0), pause);
}

function stop(words) {
  stopped = true;
  tell("wrong", words);
}

// Somebody who signed in again in another tab has a new token; the page is asked for it once.
async function renew() {
  form.dataset.renewed = "yes";
  try {
    const page = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
    const fresh = page.querySelector("#sheet [name=csrf_token]");
    if (fresh) for (const each of document.querySelectorAll("[name=csrf_token]")) each.value = fresh.value;
  } catch { /* the next attempt will say what is wrong */ }
  schedule(0);
}

// Signed out, or no longer a member: which of the two, the page itself tells.
async function refuse() {
  let page;
  try {
    page = await fetch(location.href, { redirect: "manual" });
  } catch {
    return again(form.dataset.unsaved);
  }
  if (page.type === "opaqueredirect" || page.status === 401) return again(form.dataset.out);
  return stop(form.dataset.refused);
}

// Both texts are shown once nothing was typed since this one was sent; then the form holds still.
function compare(answer, sent) {
  if (changes !== sent) return schedule(0);
  form.inert = true;
  stop(form.dataset.conflict);
  conflict.innerHTML = answer.conflict;
  conflict.hidden = false;
  conflict.focus();
  conflict.scrollIntoView();
}

conflict.addEventListener("input", (event) => {
  const mine = event.target.closest("div")?.querySelector("input[type=radio][value=mine]");
  if (mine && event.target !== mine) mine.checked = true;
});

form.addEventListener("input", changed);
form.addEventListener("change", changed);
form.addEventListener("compositionend", changed);
addEventListener("online", () => schedule(0));
document.addEventListener("visibilitychange", () => schedule(0));

addEventListener("beforeunload", (event) => {
  if (changes !== kept && !leaving) event.preventDefault();
});

// What was changed here goes along, so that of two texts the server can choose beforehand; "" says that we tell.
form.addEventListener("formdata", (event) => {
  for (const name of ["", ...touched.keys()]) event.formData.append("touched", name);
});

// A button of the form waits for a save: its answer has the version that the button must send. Without an answer
// nobody leaves, because the form would be lost.
form.addEventListener("submit", async (event) => {
  if (leaving || (!saving && (changes === kept || stopped))) {
    leaving = true;
    return;
  }
  event.preventDefault();
  await save();
  if (stopped) return;
  if (pause) return shown.scrollIntoView({ block: "center" });
  leaving = true;
  form.requestSubmit(event.submitter);
});
conflict.addEventListener("submit", () => { leaving = true; });

// Any other form of the page, such as the one that settles a comment, waits until what was typed here is kept.
document.addEventListener("submit", async (event) => {
  if (form.contains(event.target) || conflict.contains(event.target) || changes === kept || stopped) return;
  event.preventDefault();
  await save();
  if (changes === kept) event.target.submit();
  else shown.scrollIntoView({ block: "center" });
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || changes === kept || stopped || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.origin !== location.origin || (link.pathname === location.pathname && link.hash)) return;
  event.preventDefault();
  await save();
  location.assign(link.href);
});

watchItems(form, changed);
showRoom(form);
