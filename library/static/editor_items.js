/* Repeated items without a round trip: another one, one less, up and down. */

// Sources are cited by their number in other sections, which only the server can put right.
const SERVED = new Set(["remove:sources", "up:sources", "down:sources"]);

export function watchItems(form, changed) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("button[name=do]");
    const list = button?.closest("[data-many]");
    const [what, where] = (button?.value || "").split(":");
    if (!list || SERVED.has(`${what}:${list.dataset.many}`)) return;
    const items = list.querySelector("[data-items]");
    const item = button.closest("[data-item]");
    if (what === "add") add(list, items);
    else if (what === "remove") remove(list, item);
    else if (what === "up") item.previousElementSibling?.before(item);
    else if (what === "down") item.nextElementSibling?.after(item);
    else return;
    event.preventDefault();
    renumber(list, items);
    if (what === "up" || what === "down") focusOn(button.hidden ? button.parentNode.querySelector("button:not([hidden])") : button);
    if (what === "add") focusOn(items.lastElementChild.querySelector(".field, input"));
    if (what !== "add") changed(null, list.dataset.many);
  });
}

function add(list, items) {
  items.append(list.querySelector("template").content.cloneNode(true));
}

function remove(list, item) {
  const next = item.nextElementSibling || item.previousElementSibling;
  item.remove();
  focusOn(next?.querySelector(".field, input") || list.querySelector("button[value^='add:']"));
}

function focusOn(element) {
  element?.focus();
}

function renumber(list, items) {
  const name = list.dataset.many;
  const old = new RegExp(`(^|[ :])${name}\\.(\\d+|__n__)(?=[.\\s-]|$)`, "g");
  [...items.children].forEach((item, place, all) => {
    for (const each of [item, ...item.querySelectorAll("*")]) {
      for (const attribute of ["name", "id", "for", "aria-describedby", "value"]) {
        if (attribute === "value" && each.name !== "do") continue;
        const said = each.getAttribute(attribute);
        if (said) each.setAttribute(attribute, said.replace(old, `$1${name}.${place}`));
      }
      if ("number" in each.dataset) each.textContent = place + 1;
      if (each.name === "do" && each.value.startsWith("up:")) each.hidden = place === 0;
      if (each.name === "do" && each.value.startsWith("down:")) each.hidden = place === all.length - 1;
    }
  });
}
