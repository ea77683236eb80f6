// Ministries are asked one by one: a slow one keeps nobody else's section waiting. Without this script each section has a link.
for (const section of document.querySelectorAll("section[data-due]")) {
  fetch(section.dataset.due, { credentials: "same-origin" })
    .then((answer) => (answer.ok ? answer.text() : Promise.reject(answer.status)))
    .then((html) => {
      const holder = document.createElement("template");
      holder.innerHTML = html;
      section.replaceWith(holder.content);
    })
    .catch(() => {});
}
