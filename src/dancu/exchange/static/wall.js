// A wall that has more to show than one screen turns its pages by itself and begins anew after the last, which renews it. Whoever reads
// keeps the page: while the keyboard is in it, for a minute after the pointer moved, and for good with the button. Without scripts the
// pages are links, and the first renews itself.
(() => {
  const bar = document.querySelector("[data-wall-next]");
  if (!bar) return;
  const stop = bar.querySelector("button");
  const main = bar.closest("main");
  const turn = Number(bar.dataset.wallSeconds);
  let left = turn;
  stop.hidden = false;
  stop.addEventListener("click", () => {
    const stopped = stop.getAttribute("aria-pressed") !== "true";
    stop.setAttribute("aria-pressed", String(stopped));
    left = turn;
  });
  for (const name of ["pointermove", "keydown", "wheel"]) main.addEventListener(name, () => (left = Math.max(left, 60)), { passive: true });
  setInterval(() => {
    const read = document.hidden || main.querySelector(":focus-visible") || stop.getAttribute("aria-pressed") === "true";
    if (!read && --left <= 0) location.replace(bar.dataset.wallNext);
  }, 1000);
})();
