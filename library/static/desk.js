/* The officers' queue by keyboard, and a selection that is counted as it is made. Without this the page does the
   same: every control sends the form, and the selection stands in the address. */

const form = document.getElementById("queue");
const boxes = [...form.querySelectorAll("tbody [name=pick]")];
const all = form.querySelector("[data-all]");
const tray = form.querySelector(".tray");
const elsewhere = form.querySelectorAll("input[type=hidden][name=pick]").length;
const links = [...form.querySelectorAll("tbody h3 a")];

const isTyping = (target) => target.closest("input:not([type=checkbox]), select, textarea") !== null;
const say = (name, number) => {
  for (const place of tray.querySelectorAll(`[data-${name}]`)) place.textContent = String(number);
};

function count() {
  const here = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.closest("tr").classList.toggle("is-on", box.checked);
  if (all) {
    all.checked = here > 0 && here === boxes.length;
    all.indeterminate = here > 0 && here < boxes.length;
  }
  say("count", here + elsewhere);
  say("here", here);
  say("elsewhere", elsewhere);
  tray.toggleAttribute("data-empty", here + elsewhere === 0);
}

function move(step) {
  const row = document.activeElement.closest("tbody tr");
  const place = row ? links.findIndex((link) => row.contains(link)) : -1;
  const next = links[Math.min(Math.max(place + step, 0), links.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const box = document.activeElement.closest("tbody tr")?.querySelector("[name=pick]");
  if (event.key === "j") move(1);
  else if (event.key === "k") move(-1);
  else if (event.key === "x" && box) box.click();
  else if (event.key === "p") tray.querySelector("button").focus();
  else return;
  event.preventDefault();
}

form.addEventListener("change", (event) => {
  if (event.target === all) for (const box of boxes) box.checked = all.checked;
  count();
});
document.addEventListener("keydown", pressed);
count();
