/* Suggestions under a search box: the combobox of the ARIA practices, a list that only proposes.
   The focus stays in the box; Up and Down move the choice, Enter follows it, Escape closes. */

import { whenTyped } from "./typing.js";

const PAUSE = 120; // milliseconds without a stroke until the site is asked
const STEPS = { ArrowDown: 1, ArrowUp: -1 };
const CARET = ["ArrowLeft", "ArrowRight", "Home", "End"];

const box = document.getElementById("q");
const list = document.getElementById("hits");
let items = [];
let chosen = -1;
let asking = new AbortController();

async function read(words, signal) {
  try {
    const answer = await fetch(`${list.dataset.from}?${new URLSearchParams({ q: words })}`, { signal });
    return answer.ok ? (await answer.json()).items : [];
  } catch {
    return []; // nobody there: a box without suggestions is a box
  }
}

async function ask() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const words = document.activeElement === box ? box.value.trim() : "";
  const found = words ? await read(words, signal) : [];
  if (!signal.aborted) offer(found);
}

function offer(found) {
  items = found;
  list.replaceChildren(...items.map(row));
  choose(-1);
  list.hidden = items.length === 0;
  box.setAttribute("aria-expanded", String(!list.hidden));
}

function row(item, place) {
  const line = document.createElement("li");
  line.id = `hit-${place}`;
  line.setAttribute("role", "option");
  const kind = document.createElement("span");
  kind.className = "meta";
  kind.textContent = list.dataset[item.kind];
  const text = document.createElement("span");
  text.textContent = item.text;
  text.lang = /\p{Script=Han}/u.test(item.text) ? "zh-CN" : "en";
  line.append(kind, " ", text);
  line.addEventListener("click", () => go(item));
  return line;
}

function choose(place) {
  chosen = place;
  for (const [each, line] of [...list.children].entries()) {
    line.setAttribute("aria-selected", String(each === place));
  }
  if (place < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", list.children[place].id);
  list.children[place].scrollIntoView({ block: "nearest" });
}

/* Past either end comes the box itself, with the words as typed. */
function move(step) {
  const places = items.length + 1;
  choose(((chosen + 1 + step + places) % places) - 1);
}

function close() {
  asking.abort();
  offer([]);
}

/* A case is a place to go to. All else is another question, and takes the filters along as any other. */
function go(item) {
  close();
  const { pathname, searchParams } = new URL(item.url, location);
  if (!searchParams.has("q")) return location.assign(pathname);
  box.value = searchParams.get("q");
  box.form.requestSubmit();
}

function pressed(event) {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const step = STEPS[event.key];
  if (step && list.hidden) ask();
  else if (step) move(step);
  else if (event.key === "Enter" && chosen >= 0) go(items[chosen]);
  else if (event.key === "Escape" && !list.hidden) close();
  else {
    if (CARET.includes(event.key)) choose(-1);
    return;
  }
  event.preventDefault();
}

box.setAttribute("role", "combobox");
box.setAttribute("aria-autocomplete", "list");
box.setAttribute("aria-controls", list.id);
box.setAttribute("aria-expanded", "false");
box.addEventListener("keydown", pressed);
box.addEventListener("input", () => choose(-1)); // a choice among answers to other words is none
box.addEventListener("compositionstart", close); // the input method has a list of its own
box.addEventListener("blur", close);
box.form.addEventListener("submit", close);
list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
whenTyped(box, PAUSE, ask);
