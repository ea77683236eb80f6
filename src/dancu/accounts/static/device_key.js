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

  // One browser, several people: each account has its own keys here, those made before that was kept are tried too.
  const mine = async (account) => (await within("readonly", (keys) => keys.getAll()))
    .filter((one) => !one.account || one.account === account)
    .sort((a, b) => (b.account === account) - (a.account === account) || b.made - a.made);

  // Keys of this account that it does not know: their making was refused, or they were taken away.
  const forget = async (account, known) => {
    for (const one of await mine(account))
      if (one.account && !known.includes(one.thumbprint)) await within("readwrite", (keys) => keys.delete(one.thumbprint));
  };

  const make = async (challenge, account) => {
    const pair = await crypto.subtle.generateKey(kind, false, ["sign", "verify"]);
    const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    const jwk = { kty, crv, x, y };
    const name = await thumbprint(jwk);
    await within("readwrite", (keys) => keys.put({ thumbprint: name, key: pair.privateKey, made: Date.now(), account }));
    return { jwk, signature: await signature(pair.privateKey, challenge) };
  };

  const sign = async (challenge, account) => {
    const [newest] = await mine(account);
    return { thumbprint: newest.thumbprint, signature: await signature(newest.key, challenge) };
  };

  const set = async (form) => {
    const creating = form.dataset.device === "create", { account, known } = form.dataset;
    if (!creating && !(await mine(account)).length) return;
    if (creating && known !== undefined) await forget(account, known.split(" "));
    form.hidden = false;
    const failed = form.querySelector("[data-device-failed]");
    form.addEventListener("submit", async (event) => {
      if (form.elements.answer.value) return;
      event.preventDefault();
      failed.hidden = true;
      try {
        form.elements.answer.value = JSON.stringify(await (creating ? make : sign)(form.dataset.challenge, account));
        form.submit();
      } catch {
        failed.hidden = false;
      }
    });
  };

  for (const form of forms) set(form).catch(() => {});
})();
