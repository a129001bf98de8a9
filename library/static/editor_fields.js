/* What stands at the fields of a form: how much room is left, and what is wrong. */

const BAD = '<svg class="i" aria-hidden="true" focusable="false" viewBox="0 0 16 16"><use href="#i-bad"/></svg>';

export function showRoom(form) {
  const count = (room) => {
    const field = room.closest("div").querySelector(".field");
    if (!field) return;
    const left = Number(room.dataset.room) - [...field.value.trim()].length;
    room.textContent = (left < 0 ? room.dataset.over : room.dataset.left).replace("#", Math.abs(left));
    room.classList.toggle("bad", left < 0);
  };
  for (const room of form.querySelectorAll(".room")) count(room);
  form.addEventListener("input", (event) => {
    const room = event.target.closest("div")?.querySelector(".room");
    if (room) count(room);
  });
}

// trouble: {name of a control: [sentence]}; what is no longer wrong loses its words.
export function showTrouble(form, trouble) {
  for (const words of form.querySelectorAll(".error[id$='-wrong']")) {
    const name = words.id.slice(0, -"-wrong".length);
    if (!(name in trouble)) {
      words.remove();
      tie(document.getElementById(name), words.id, false);
    }
  }
  for (const [name, sentences] of Object.entries(trouble)) {
    const control = document.getElementById(name);
    if (!control || !form.contains(control)) continue;
    const id = `${name}-wrong`;
    const words = document.getElementById(id) || place(control, id);
    words.querySelector("span").textContent = sentences.join(" ");
    tie(control, id, true);
  }
}

function place(control, id) {
  const words = document.createElement("p");
  words.className = "error";
  words.id = id;
  words.innerHTML = `${BAD}<span></span>`;
  const legend = control.querySelector(":scope > legend");
  if (legend) legend.after(words);
  else if (control.type === "checkbox") control.closest("label").after(words);
  else control.after(words);
  return words;
}

function tie(control, id, wrong) {
  if (!control) return;
  const others = (control.getAttribute("aria-describedby") || "").split(" ").filter((each) => each && each !== id);
  const all = wrong ? [...others, id] : others;
  if (all.length) control.setAttribute("aria-describedby", all.join(" "));
  else control.removeAttribute("aria-describedby");
  if (wrong) control.setAttribute("aria-invalid", "true");
  else control.removeAttribute("aria-invalid");
}
