// Keys for people with a queue waiting. Everything here also works with mouse, finger or Tab alone.
(() => {
  const typing = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;
  const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")].filter((row) => row.querySelector("a"));
  const help = document.getElementById("keys");
  let waitingForG = false;

  const move = (step) => {
    const all = rows();
    if (!all.length) return false;
    const at = all.findIndex((row) => row.classList.contains("is-at"));
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
    all.forEach((row) => row.classList.toggle("is-at", row === next));
    next.querySelector("a").focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    return true;
  };

  const actions = {
    "/": () => { const box = document.querySelector("[data-search]"); box?.focus(); box?.select(); return !!box; },
    "?": () => { help?.showModal(); return true; },
    j: () => move(1),
    k: () => move(-1),
    n: () => { const next = document.querySelector("[data-next]"); next?.click(); return !!next; },
    p: () => { const before = document.querySelector("[data-previous]"); before?.click(); return !!before; },
    g: () => { waitingForG = true; setTimeout(() => { waitingForG = false; }, 1500); return true; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || help?.open) return;
    if (typing(event.target)) {
      if (event.key === "Escape") event.target.blur();
      // The box has the focus already: the key that leads to it is no letter of a name.
      if (event.key === "/" && event.target.matches("[data-search]") && event.target.value === "") event.preventDefault();
      return;
    }
    if (waitingForG && /^[1-9]$/.test(event.key)) {
      waitingForG = false;
      document.querySelectorAll(".menu a")[Number(event.key) - 1]?.click();
      return;
    }
    const inRows = event.target.closest("[data-rows]") !== null;
    const key = inRows && event.key === "ArrowDown" ? "j" : inRows && event.key === "ArrowUp" ? "k" : event.key;
    if (Object.hasOwn(actions, key) && actions[key]()) event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("[data-rows] tbody tr");
    if (row) rows().forEach((other) => other.classList.toggle("is-at", other === row));
  });
})();
