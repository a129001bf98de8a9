/* Enhances every page: nothing here is needed to read or to search.
   `/` puts the reader in the search box, that of the search page if this one has none; what only works with a
   script is shown once the script runs. */

const isTyping = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

function focusSearch(event) {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  event.preventDefault();
  const box = document.getElementById("q");
  if (!box) return location.assign(`${document.querySelector("link[rel=search]").href}#q`);
  box.focus();
  box.select();
}

async function copyText(button) {
  await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
  button.textContent = button.dataset.done;
}

document.addEventListener("keydown", focusSearch);
if (location.hash === "#q") document.getElementById("q")?.focus();
for (const part of document.querySelectorAll("[data-scripted]")) part.hidden = false;
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copyText(button));
}
