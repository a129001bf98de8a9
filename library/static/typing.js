/* Tells what was typed, once the strokes pause. Never while an input method composes: what stands in the box
   then are the letters of a word, not yet the word. */

export function whenTyped(box, pause, act) {
  let timer;
  const wait = (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(act, pause);
  };
  box.addEventListener("input", wait);
  box.addEventListener("compositionstart", () => clearTimeout(timer));
  box.addEventListener("compositionend", wait);
  box.form.addEventListener("submit", () => clearTimeout(timer));
}
