// A page that waits for somebody's answer looks for it by itself and shows it in its place. Without scripts there is the button.
(() => {
  const waiting = () => document.querySelector("[data-waiting]");
  if (!waiting()) return;
  let timer = 0;
  const look = async () => {
    clearTimeout(timer);
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (answer.redirected) return location.reload();
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const main = page.querySelector("main");
        if (main && !page.querySelector("[data-waiting]")) return show(main, page.title);
      }
    } catch {
      // No network for a moment: looked for again.
    }
    next();
  };
  const show = (main, title) => {
    document.querySelector("main").replaceChildren(...main.childNodes);
    document.title = title;
    const heading = document.querySelector("main h1");
    heading?.setAttribute("tabindex", "-1");
    heading?.focus();
  };
  const next = () => (timer = setTimeout(() => (document.hidden ? next() : look()), Number(waiting().dataset.waiting) * 1000));
  document.addEventListener("visibilitychange", () => !document.hidden && waiting() && look());
  next();
})();
