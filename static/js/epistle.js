/* Small comforts. Every page works without this file. */
"use strict";

const language = document.documentElement.lang;

/* Times: the server writes UTC, the reader sees their own clock, written as the server writes it ("14:05"). */
function localTimes(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([data-day])")) {
    const when = new Date(time.dateTime);
    const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    const options = time.hasAttribute("data-today") ? clock : { day: "numeric", month: "short", ...clock };
    time.textContent = new Intl.DateTimeFormat(language, options).format(when);
  }
}

/* A textarea with data-min and data-max tells how long its text is; said aloud only when it crosses a bound. */
function counters(root) {
  for (const counter of root.querySelectorAll("[data-counts]")) {
    const area = document.getElementById(counter.dataset.counts);
    const [min, max] = [Number(counter.dataset.min), Number(counter.dataset.max)];
    const spoken = counter.querySelector("[role=status]");
    const shown = counter.querySelector("[data-shown]");
    const number = new Intl.NumberFormat(language);
    let before = "";
    const count = () => {
      const length = [...area.value.trim()].length;
      shown.textContent = counter.dataset.text
        .replace("{n}", number.format(length))
        .replace("{max}", number.format(max));
      const state = length < min ? counter.dataset.short : length > max ? counter.dataset.long : "";
      if (state !== before) spoken.textContent = before = state;
    };
    area.addEventListener("input", count);
    count();
  }
}

/* Typing one's own subject chooses it. */
function ownSubjects(root) {
  for (const input of root.querySelectorAll("[data-chooses]")) {
    input.addEventListener("input", () => {
      if (input.value.trim()) document.getElementById(input.dataset.chooses).checked = true;
    });
  }
}

/* How many people are ticked, of how many at most. */
function tickCount(root) {
  const status = root.querySelector("[data-ticked]");
  if (!status) return;
  const number = new Intl.NumberFormat(language);
  const max = Number(status.dataset.max);
  const count = () => {
    const n = new Set([...document.querySelectorAll('input[name="to"]:checked, input[name="to"][type="hidden"]')].map((box) => box.value)).size;
    const text = n > max ? status.dataset.tooMany : status.dataset.ticked;
    status.textContent = text.replace("{n}", number.format(n)).replace("{max}", number.format(max));
    status.classList.toggle("error", n > max);
  };
  if (!tickCount.listening) {
    document.addEventListener("change", (event) => event.target.name === "to" && tickCount.count());
    tickCount.listening = true;
  }
  tickCount.count = count;
  count();
}

/* Copy buttons appear only where copying can work. */
function copyButtons(root) {
  for (const button of root.querySelectorAll("button[data-copies]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copies);
      const said = document.getElementById(button.getAttribute("aria-describedby"));
      for (const before of document.querySelectorAll(".copied")) before.textContent = "";
      try {
        await navigator.clipboard.writeText(source.value ?? source.textContent);
        said.textContent = button.dataset.done;
      } catch {
        source.select?.();
        said.textContent = button.dataset.failed;
      }
    });
  }
}

/* Where the phone itself can pass a text on, a button asks it to; it never appears elsewhere. */
function passOnButtons(root) {
  for (const button of root.querySelectorAll("button[data-passes]")) {
    if (!navigator.share) continue;
    button.hidden = false;
    button.addEventListener("click", () => {
      const source = document.getElementById(button.dataset.passes);
      /* Who closes the phone's own sheet has said no; there is nothing to tell them. */
      navigator.share({ title: button.dataset.title, text: source.value ?? source.textContent }).catch(() => {});
    });
  }
}

function enhance(root) {
  localTimes(root);
  counters(root);
  ownSubjects(root);
  tickCount(root);
  copyButtons(root);
  passOnButtons(root);
}

/* A form is sent once, however often its button is pressed; the server would take it once anyway. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
/* Coming back through the browser's memory: the form may be sent again. */
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

/* Where somebody reads, types or has opened something, the part is not replaced under their hands. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.elt.querySelector("details[open], :focus")) event.preventDefault();
});

enhance(document);
document.addEventListener("htmx:load", (event) => event.detail.elt !== document.body && enhance(event.detail.elt));
/* A status that has not changed is not said again. */
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.textContent.trim() === fragment.textContent.trim()) event.detail.shouldSwap = false;
});
/* Where the summary of errors is, the reader is taken to it. */
document.querySelector(".summary")?.focus();
