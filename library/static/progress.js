// Long work: asks how far it has come, and loads the page again once it has ended.
const shown = document.querySelector("[data-progress]");

async function look() {
  try {
    const answer = await fetch(shown.dataset.progress, { headers: { Accept: "application/json" } });
    const now = await answer.json();
    if (answer.ok && now.state !== shown.dataset.state) {
      location.reload();
      return;
    }
    const bar = shown.querySelector("progress");
    bar.max = Math.max(1, now.rows);
    bar.value = now.done;
    shown.querySelector("span").textContent = `${now.done} / ${now.rows}`;
  } catch {
    // Offline: the next look may succeed.
  }
  setTimeout(look, 1000);
}

if (shown) setTimeout(look, 500);
