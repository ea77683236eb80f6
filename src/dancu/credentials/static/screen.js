// Counts the minute down and hides the code when it is over. Without this script the page says until when the code lives.
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
