// The key of this device: made here, kept by the browser, never readable (WebCrypto, not extractable). Forms marked
// data-device="create" make one, data-device="sign" sign with one that is here; without either they stay hidden.
(() => {
  "use strict";
  const forms = document.querySelectorAll("form[data-device]");
  if (!forms.length || !window.indexedDB || !window.crypto || !crypto.subtle) return;
  const kind = { name: "ECDSA", namedCurve: "P-256" };

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const opened = () => new Promise((resolve, reject) => {
    const asked = indexedDB.open("dancu-device-keys", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("keys", { keyPath: "thumbprint" });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

  const within = async (mode, work) => {
    const base = await opened();
    try {
      return await new Promise((resolve, reject) => {
        const asked = work(base.transaction("keys", mode).objectStore("keys"));
        asked.onsuccess = () => resolve(asked.result);
        asked.onerror = () => reject(asked.error);
      });
    } finally {
      base.close();
    }
  };

  const signature = async (key, challenge) => {
    const said = ["dancu device key v1", location.origin, challenge].join("\n");
    return text(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(said)));
  };

  const thumbprint = async (jwk) => {
    const plain = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
    return text(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(plain)));
  };

  const make = async (challenge) => {
    const pair = await crypto.subtle.generateKey(kind, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const jwk = { kty, crv, x, y };
    const name = await thumbprint(jwk);
    await within("readwrite", (keys) => keys.put({ thumbprint: name, key: pair.privateKey, made: Date.now() }));
    return { jwk, signature: await signature(pair.privateKey, challenge) };
  };

  const newest = async () => (await within("readonly", (keys) => keys.getAll())).sort((a, b) => b.made - a.made)[0];

  const sign = async (challenge) => {
    const mine = await newest();
    return { thumbprint: mine.thumbprint, signature: await signature(mine.key, challenge) };
  };

  const set = async (form) => {
    const creating = form.dataset.device === "create";
    if (!creating && !(await newest())) return;
    form.hidden = false;
    const failed = form.querySelector("[data-device-failed]");
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      failed.hidden = true;
      try {
        form.elements.answer.value = JSON.stringify(await (creating ? make : sign)(form.dataset.challenge));
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  };

  for (const form of forms) set(form).catch(() => {});
})();
