/* A score sheet saves itself a while after the last change and says so; n opens the next case. Without this its
   buttons and links do the same. */

const REST = 1000; // after the last change
const MOST_PAUSE = 60_000;

const next = document.querySelector("[data-next]");
const form = document.getElementById("sheet");
const isTyping = (target) => target.closest("input:not([type=radio]), select, textarea") !== null;

document.addEventListener("keydown", (event) => {
  if (event.key !== "n" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (next) {
    event.preventDefault();
    next.click();
  }
});

if (form?.querySelector("[value=save]")) watch();

function watch() {
  const shown = document.getElementById("saved");
  const version = form.elements.namedItem("version");
  const left = form.querySelector("[data-left]");
  let changes = 0;
  let kept = 0;
  let timer = 0;
  let pause = 0;
  let saving = null;
  let stopped = false;
  let leaving = false;

  const tell = (kind, words) => {
    shown.className = `state ${kind}`;
    shown.textContent = words;
  };
  const schedule = (wait) => {
    clearTimeout(timer);
    if (!stopped) timer = setTimeout(save, wait);
  };
  const again = (words) => {
    tell("warn", words);
    pause = Math.min(MOST_PAUSE, Math.max(2000, pause * 2));
    setTimeout(() => schedule(0), pause);
  };

  function save() {
    clearTimeout(timer);
    if (saving) return saving;
    if (changes === kept || stopped) return Promise.resolve();
    saving = attempt().finally(() => { saving = null; });
    return saving;
  }

  async function attempt() {
    const sent = changes;
    let response;
    try {
      response = await fetch(form.action, {
        method: "POST",
        redirect: "manual",
        headers: {
          "Accept": "application/json",
          "Content-Type": "application/json",
          "X-CSRFToken": form.elements.namedItem("csrf_token").value,
        },
        body: JSON.stringify([...new FormData(form)]),
      });
    } catch {
      return again(form.dataset.unsaved);
    }
    if (response.type === "opaqueredirect" || response.status === 401) return again(form.dataset.out);
    if (response.status >= 500 || response.status === 429) return again(form.dataset.unsaved);
    const json = (response.headers.get("Content-Type") || "").includes("json");
    const answer = json ? await response.json() : {};
    if (!response.ok) {
      pause = 0;
      if (response.status !== 422) stopped = true; // the button shows both texts, or why nothing is taken any more
      return tell("bad", answer.said || form.dataset.stopped);
    }
    pause = 0;
    kept = sent;
    version.value = answer.version;
    tell("ok", answer.saved);
    show(answer);
    if (changes !== kept) schedule(REST);
  }

  function show(answer) {
    const scored = form.querySelector("[data-scored]");
    const total = form.querySelector("[data-total]");
    scored.textContent = scored.dataset.text.replace("#", answer.scored);
    total.hidden = answer.total === null;
    total.textContent = total.dataset.text.replace("#", answer.total ?? "");
    for (const [code, score] of Object.entries(answer.scores)) {
      form.querySelector(`[data-score="${CSS.escape(code)}"]`).textContent = score ?? "–";
    }
    for (const why of form.querySelectorAll("[data-why]")) if (why.dataset.why in answer.left) why.open = true;
    if (!left) return;
    const missing = Object.entries(answer.left);
    const title = left.querySelector("[data-left-title]");
    left.hidden = missing.length === 0;
    title.textContent = missing.length === 1 ? title.dataset.one : title.dataset.many.replace("#", missing.length);
    left.querySelector("ul").replaceChildren(...missing.map(([name, words]) => {
      const link = document.createElement("a");
      link.href = `#${name}`;
      link.textContent = words;
      const item = document.createElement("li");
      item.append(link);
      return item;
    }));
  }

  const changed = (event) => {
    changes += 1;
    if (!event.isComposing) schedule(REST);
  };
  form.addEventListener("input", changed);
  form.addEventListener("compositionend", changed);
  addEventListener("online", () => schedule(0));
  document.addEventListener("visibilitychange", () => schedule(0));
  addEventListener("beforeunload", (event) => {
    if (changes !== kept && !leaving) event.preventDefault();
  });
  // A button waits for a save that is under way: its answer has the version that the button must send.
  form.addEventListener("submit", async (event) => {
    if (leaving || !saving) {
      leaving = true;
      clearTimeout(timer);
      return;
    }
    event.preventDefault();
    await saving;
    leaving = true;
    form.requestSubmit(event.submitter);
  });
  document.addEventListener("click", async (event) => {
    const link = event.target.closest("a[href]");
    if (!link || changes === kept || stopped || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (link.origin !== location.origin || (link.pathname === location.pathname && link.hash)) return;
    event.preventDefault();
    await save();
    location.assign(link.href);
  });
}
