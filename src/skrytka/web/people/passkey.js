"use strict";
// Carries options and answers of WebAuthn between this page and the server; the JSON forms are the browser's own.

async function ask(place, value) {
  const answer = await fetch(place, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(value),
  });
  if (!answer.ok) throw new Error(String(answer.status));
  return answer.json();
}

async function create(form, isPasskey) {
  const place = form.dataset.action;
  const options = await ask(place + "/options", { is_passkey: isPasskey });
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
  const made = await navigator.credentials.create({ publicKey });
  const code = form.elements.enrol_code;
  return ask(place, {
    name: form.elements.name.value,
    enrol_code: code ? code.value : "",
    response: made.toJSON(),
  });
}

async function get(form) {
  const place = form.dataset.action;
  const options = await ask(place + "/options", {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  const signed = await navigator.credentials.get({ publicKey });
  return ask(place, { next: form.dataset.next, response: signed.toJSON() });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = document.querySelector("p.wrong");
    said.hidden = true;
    try {
      const isPasskey = !event.submitter || event.submitter.value !== "key";
      const done = form.dataset.passkey === "create" ? await create(form, isPasskey) : await get(form);
      location.assign(done.next);
    } catch (error) {
      said.hidden = false;
    }
  });
}
