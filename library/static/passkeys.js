// A form with data-passkey asks the device to make a passkey or to answer with one, and is sent with the answer.

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

const known = (list) => list?.map((each) => ({ ...each, id: toBytes(each.id) }));

function publicKey(options) {
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) read.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) read.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) read.allowCredentials = known(options.allowCredentials);
  return read;
}

function written(credential) {
  const { id, rawId, type, response } = credential;
  const said = { clientDataJSON: toText(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[name]) said[name] = toText(response[name]);
  }
  if (response.getTransports) said.transports = response.getTransports();
  return JSON.stringify({
    id, rawId: toText(rawId), type, response: said,
    extensions: JSON.stringify(credential.getClientExtensionResults()),
  });
}

async function ask(form) {
  const trouble = form.querySelector("[role=alert]");
  trouble.hidden = true;
  try {
    const options = { publicKey: publicKey(JSON.parse(form.dataset.options)) };
    const make = form.dataset.passkey === "create";
    const credential = await (make ? navigator.credentials.create(options) : navigator.credentials.get(options));
    form.elements.credential.value = written(credential);
    form.submit();
  } catch {
    trouble.hidden = false;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
  ask(form);
}
