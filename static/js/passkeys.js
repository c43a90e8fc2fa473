/* Passkeys (WebAuthn): the browser makes one, or signs with one, and the form carries its answer. */
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const known = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  function create({ publicKey }, passwordless) {
    const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
    options.user = { ...publicKey.user, id: bytes(publicKey.user.id) };
    options.excludeCredentials = known(publicKey.excludeCredentials);
    if (passwordless) {
      options.authenticatorSelection = {
        ...publicKey.authenticatorSelection,
        residentKey: "required",
        requireResidentKey: true,
        userVerification: "required",
      };
    }
    return navigator.credentials.create({ publicKey: options });
  }

  function get({ publicKey }) {
    const options = { ...publicKey, challenge: bytes(publicKey.challenge) };
    options.allowCredentials = known(publicKey.allowCredentials);
    return navigator.credentials.get({ publicKey: options });
  }

  function answer(credential) {
    const { response } = credential;
    const told = { clientDataJSON: text(response.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (response[part]) told[part] = text(response[part]);
    }
    if (response.getTransports) told.transports = response.getTransports();
    return JSON.stringify({
      type: credential.type,
      id: credential.id,
      rawId: text(credential.rawId),
      authenticatorAttachment: credential.authenticatorAttachment,
      response: told,
      clientExtensionResults: credential.getClientExtensionResults(),
    });
  }

  const options = () => JSON.parse(document.getElementById("passkey-options").textContent);

  async function use(form) {
    if (form.dataset.passkey === "create") {
      return create(options(), Boolean(form.elements.passwordless && form.elements.passwordless.checked));
    }
    if (form.dataset.passkey === "get") return get(options());
    const asked = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!asked.ok) throw new Error(asked.statusText);
    return get((await asked.json()).request_options);
  }

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    form.hidden = false;
    const failed = form.querySelector("[data-passkey-failed]");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (failed) failed.hidden = true;
      try {
        form.elements.credential.value = answer(await use(form));
        form.submit();
      } catch {
        // Cancelled, timed out, or no such passkey here: the person may try again or take another way.
        if (failed) failed.hidden = false;
      }
    });
  }
  for (const word of document.querySelectorAll("[data-no-passkeys]")) word.hidden = true;
})();
