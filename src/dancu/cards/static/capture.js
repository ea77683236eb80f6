// Readers and cameras. Without this script the same fields take a scan followed by the button, and a file.
(() => {
  "use strict";

  // --- Scan box: [data-scan] ---------------------------------------------------------------------------------------
  // A keyboard-wedge reader types much faster than anybody, and ends with Enter, Tab or nothing.
  const FAST = 50; // most milliseconds between two keys of a reader
  const QUIET = 300; // a reading without a last key is over after this long
  const BURST = 16; // keys in a row that nobody types this fast

  const whole = (text) => {
    const joined = text.replace(/\s+/g, "");
    if (/[|¦｜]/.test(text)) return text.split(/[|¦｜]/).length >= 6;
    if (joined.includes("<")) return joined.length >= 90;
    return /^\d{12}$/.test(joined.replace(/[.\-]/g, ""));
  };

  for (const box of document.querySelectorAll("[data-scan]")) {
    let last = 0;
    let fast = 0;
    let timer = 0;
    let sent = false;
    const send = () => {
      if (sent) return;
      sent = true;
      box.form.requestSubmit();
    };
    box.addEventListener("keydown", (event) => {
      const now = event.timeStamp;
      fast = now - last < FAST ? fast + 1 : 0;
      last = now;
      clearTimeout(timer);
      const reader = fast >= BURST;
      if ((event.key === "Enter" || (event.key === "Tab" && reader)) && whole(box.value)) {
        event.preventDefault();
        send();
      } else if (event.key === "Tab" && reader) {
        event.preventDefault(); // between the lines of the zone
        box.setRangeText("\n", box.selectionStart, box.selectionEnd, "end");
      } else if (reader) {
        timer = setTimeout(() => { if (whole(box.value)) send(); }, QUIET);
      }
    });
    // What stood there before is replaced by the next scan.
    box.addEventListener("focus", () => box.select());
    window.addEventListener("pageshow", () => { sent = false; });
  }

  // --- Pictures: [data-picture] ------------------------------------------------------------------------------------
  const MOST_BYTES = 3_000_000;
  const MOST_SIDE = 1600;
  const QUALITY = 0.92;

  const put = (input, blob) => {
    const held = new DataTransfer();
    held.items.add(new File([blob], "picture.jpg", { type: "image/jpeg" }));
    input.files = held.files;
  };
  const drawn = (source, width, height, canvas = document.createElement("canvas")) => {
    const scale = Math.min(1, MOST_SIDE / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(source, 0, 0, canvas.width, canvas.height);
    return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  };

  for (const field of document.querySelectorAll("[data-picture]")) {
    const input = field.querySelector("input[type=file]");
    // A phone's photograph is larger than what is taken in: it is made smaller before it is sent.
    input.addEventListener("change", async () => {
      const file = input.files[0];
      if (!file || file.size <= MOST_BYTES || !window.createImageBitmap) return;
      try {
        const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
        const blob = await drawn(picture, picture.width, picture.height);
        if (blob) put(input, blob);
      } catch { /* no picture: the server says so */ }
    });

    const camera = field.querySelector("[data-camera]");
    // A phone's own camera, which the file field opens, is better than the browser's.
    if (!camera || !navigator.mediaDevices?.getUserMedia || !window.matchMedia("(pointer: fine)").matches) continue;
    const part = (name) => camera.querySelector(`[data-camera-${name}]`);
    const view = part("view");
    const said = part("said");
    camera.hidden = false;
    const close = () => {
      view.srcObject?.getTracks().forEach((track) => track.stop());
      view.srcObject = null;
      part("live").hidden = true;
      part("open").hidden = false;
    };
    part("open").addEventListener("click", async () => {
      said.textContent = "";
      try {
        view.srcObject = await navigator.mediaDevices.getUserMedia({
          audio: false, video: { facingMode: camera.dataset.camera, width: { ideal: 1280 }, height: { ideal: 960 } },
        });
        part("taken").hidden = true;
        part("live").hidden = false;
        part("open").hidden = true;
        part("take").focus();
      } catch {
        said.textContent = said.dataset.refused;
      }
    });
    part("take").addEventListener("click", async () => {
      if (!view.videoWidth) return;
      const blob = await drawn(view, view.videoWidth, view.videoHeight, part("taken").querySelector("canvas"));
      if (blob) put(input, blob);
      part("taken").hidden = false;
      said.textContent = said.dataset.done;
      close();
    });
    part("close").addEventListener("click", close);
    window.addEventListener("pagehide", close);
  }
})();
