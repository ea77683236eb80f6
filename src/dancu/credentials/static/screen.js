// Counts the minute down; when it is over the code and the word of validity are hidden: a screen kept open proves nothing. Without
// this script the page leaves by itself.
const screen_ = document.querySelector(".screen");
const until = Number(screen_.dataset.until) * 1000;
const left = screen_.querySelector("[data-left]");
const tick = () => {
  const seconds = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  left.textContent = `${seconds} s`;
  if (seconds === 0) {
    screen_.classList.add("over");
    document.querySelector(".screen-over").hidden = false;
    clearInterval(timer);
  }
};
const timer = setInterval(tick, 250);
tick();
