/* Files come in parts, with progress, and go on where they stopped; without this the form brings one as a whole.

   The site says how much of a file it has; a part that got lost is sent again from there. A file of the same name
   and size as one that is not all here goes on with that one. */

const PAUSES = [1, 2, 4, 8, 15, 30]; // seconds before the next attempt
const PART_TYPE = "application/offset+octet-stream";

const box = document.getElementById("upload");
const input = document.getElementById("file");
const list = document.getElementById("uploads");
const said = document.getElementById("upload-said");
const sheet = input.form;
const waiting = [];
let busy = false;

class Refusal extends Error {}

const words = (name, values) =>
  Object.entries(values).reduce((text, [key, value]) => text.replace(`#${key}`, () => value), box.dataset[name]);
const megabytes = (size) => `${(size / 1e6).toFixed(1)} MB`;
const rest = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const token = () => sheet.elements.namedItem("csrf_token").value;

/* One request; `sent` hears how many bytes have left. Resolves with status 0 when nobody answers. */
function ask(method, url, { body, headers = {}, sent, stop } = {}) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    const all = { "X-CSRFToken": token(), Accept: "application/json", ...headers };
    for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => sent?.(event.loaded);
    request.onload = request.onerror = () => {
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        /* a page, or nothing: the status says enough */
      }
      done({ status: request.status, answer, offset: request.getResponseHeader("Upload-Offset") });
    };
    request.onabort = () => fail(new DOMException("stopped", "AbortError"));
    stop?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

function row(file) {
  const item = document.createElement("li");
  const line = document.createElement("p");
  const text = document.createElement("span");
  const bar = document.createElement("progress");
  const button = document.createElement("button");
  line.className = "line mid";
  bar.className = "progress";
  bar.max = file.size || 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  button.type = "button";
  button.className = "btn bare";
  button.textContent = box.dataset.stop;
  button.setAttribute("aria-label", `${box.dataset.stop}: ${file.name}`);
  line.append(text, button);
  item.append(line, bar);
  list.append(item);
  const stop = new AbortController();
  button.addEventListener("click", () => stop.abort());
  return { item, text, bar, button, stop: stop.signal };
}

function show(shown, file, offset) {
  shown.bar.value = offset;
  shown.text.textContent = words("sending", { name: file.name, done: megabytes(offset), all: megabytes(file.size) });
}

function refuse(shown, file, sentence) {
  shown.text.className = "error";
  shown.text.textContent = `${file.name}: ${sentence}`;
  shown.bar.remove();
  shown.button.remove();
  said.textContent = shown.text.textContent;
}

/* The address of a file that is not all here yet, or of a new one. */
async function begin(file) {
  const known = Array.from(document.querySelectorAll("#files-others [data-url]")).find(
    (each) => each.dataset.name === file.name && Number(each.dataset.size) === file.size,
  );
  if (known) {
    const { status, answer } = await ask("GET", known.dataset.url);
    if (status === 200 && answer.state === "coming") {
      known.remove();
      return answer;
    }
  }
  const body = JSON.stringify({ name: file.name, size: file.size });
  const { status, answer } = await ask("POST", box.dataset.to, { body, headers: { "Content-Type": "application/json" } });
  if (status !== 201) throw new Refusal(answer.title || box.dataset.failed);
  return answer;
}

/* Part after part, from wherever the site says that the file stands. */
async function send(file, upload, shown) {
  let failed = 0;
  while (upload.state === "coming") {
    if (shown.stop.aborted) throw new DOMException("stopped", "AbortError");
    show(shown, file, upload.offset);
    const start = upload.offset;
    const reply = await ask("PATCH", upload.url, {
      body: file.slice(start, start + upload.part),
      headers: { "Content-Type": PART_TYPE, "Upload-Offset": String(start) },
      sent: (bytes) => show(shown, file, Math.min(start + bytes, file.size)),
      stop: shown.stop,
    });
    if (reply.status === 200) {
      upload = reply.answer;
      failed = 0;
    } else if (reply.status === 0 || reply.status >= 500 || reply.status === 409 || reply.status === 429) {
      shown.text.textContent = words("retry", { name: file.name });
      await rest(PAUSES[Math.min(failed, PAUSES.length - 1)]);
      failed += 1;
      const now = await ask("GET", upload.url);
      if (now.status === 200) upload = now.answer;
      else if (now.status >= 400 && now.status < 500) throw new Refusal(now.answer.title || box.dataset.failed);
    } else {
      throw new Refusal(reply.answer.title || box.dataset.failed);
    }
  }
  return upload;
}

/* The page's own list with the new file in it, and what the rules say now. */
async function renew(key) {
  const answer = await fetch(location.pathname + location.search);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector(`[data-upload="${CSS.escape(key)}"]`);
  const items = document.getElementById("files-list");
  const place = fresh ? Array.from(fresh.parentElement.querySelectorAll("[data-item]")).indexOf(fresh) : -1;
  // Somebody else changed the list meanwhile: the page as it is now shows both.
  if (place !== items.querySelectorAll("[data-item]").length) return location.reload();
  document.getElementById("no-files")?.remove();
  items.querySelector("[data-item]:last-of-type [value^='down:']")?.removeAttribute("hidden");
  items.append(fresh);
  sheet.elements.namedItem("version").value = page.querySelector("#sheet [name=version]").value;
  for (const part of page.querySelectorAll("[data-part]")) {
    document.querySelector(`[data-part="${part.dataset.part}"]`)?.replaceWith(part);
  }
  const taken = page.getElementById("file-hint");
  if (taken) document.getElementById("file-hint").replaceWith(taken);
}

async function bring(file) {
  const shown = row(file);
  let upload;
  try {
    if (file.size > Number(box.dataset.most)) throw new Refusal(box.dataset.large);
    upload = await send(file, await begin(file).then((begun) => (upload = begun)), shown);
    if (upload.refused) throw new Refusal(upload.refused);
    await renew(upload.key);
    said.textContent = words(upload.state === "checking" ? "checking" : "done", { name: file.name });
    shown.item.remove();
  } catch (problem) {
    if (problem instanceof Refusal) {
      refuse(shown, file, problem.message);
    } else if (problem.name === "AbortError") {
      if (upload) await ask("POST", `${upload.url}/discard`);
      shown.item.remove();
    } else {
      throw problem;
    }
  }
}

async function work() {
  if (busy) return;
  busy = true;
  while (waiting.length) await bring(waiting.shift()).catch(() => location.reload());
  busy = false;
}

function take(files) {
  waiting.push(...files);
  work();
}

// The form saves itself as it is typed into: a file that was chosen is no part of that.
input.addEventListener("input", (event) => event.stopPropagation());
input.addEventListener("change", (event) => {
  event.stopPropagation();
  const files = Array.from(input.files);
  input.value = "";
  take(files);
});
box.addEventListener("dragover", (event) => event.preventDefault());
box.addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer.files);
});
addEventListener("beforeunload", (event) => {
  if (busy) event.preventDefault();
});

input.multiple = true;
for (const part of document.querySelectorAll("[data-unscripted]")) part.hidden = true;
