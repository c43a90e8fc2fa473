/* What makes the desk pleasanter; everything works without it. */
"use strict";
document.documentElement.classList.add("js");

/* Where one is stands in the middle of a row that scrolls. */
for (const here of document.querySelectorAll(":is(.desk-places, .desk-tabs) [aria-current]")) {
  const row = here.closest(".desk-tabs") || here.closest("ul");
  const middle = (one) => { const box = one.getBoundingClientRect(); return box.left + box.width / 2; };
  row.scrollBy({ left: middle(here) - middle(row), behavior: "instant" });
}

document.addEventListener("change", (event) => {
  const field = event.target;
  if (field.id === "desk-language") field.form.requestSubmit();
  if (field.closest("[data-matches-url]")) countMatches(field.closest("[data-matches-url]"));
  if (field.matches("[data-tick]") && field.form) countTicked(field.form);
});

/* A button says how many it is about: data-label holds the sentence with # for the number. */
function countTicked(form) {
  const ticked = document.querySelectorAll("input[data-tick]:checked").length;
  for (const button of form.querySelectorAll("button[data-label]")) {
    button.textContent = button.dataset.label.replace("#", ticked.toLocaleString(document.documentElement.lang));
    button.disabled = ticked === 0;
  }
}
for (const form of document.querySelectorAll("[data-counted]")) countTicked(form);

for (const box of document.querySelectorAll("[data-tick-all]")) {
  box.addEventListener("change", () => {
    for (const other of document.querySelectorAll("input[data-tick]")) other.checked = box.checked;
    if (box.form) countTicked(box.form);
  });
}

/* Copy buttons appear only where copying can work. */
for (const button of document.querySelectorAll("button[data-copy-from]")) {
  if (!navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copyFrom).value);
    const said = button.parentElement.querySelector("[role=status]");
    if (said) said.textContent = button.dataset.done;
  });
}

/* Who matches a target rule, asked again while it is being written. */
const CONDITIONS = ["country", "legislature", "chamber", "party", "role", "area", "person"];
async function countMatches(row) {
  const asked = new URLSearchParams();
  for (const name of CONDITIONS) {
    const field = row.querySelector(`[name$="-${name}"]`);
    if (field && field.value) asked.set(name, field.value);
  }
  const place = row.querySelector(".desk-matches");
  if (!place) return;
  const answer = await fetch(`${row.dataset.matchesUrl}?${asked}`, { headers: { Accept: "text/plain" } });
  if (answer.ok) place.textContent = await answer.text();
}
/* Select2 tells jQuery only. */
window.addEventListener("load", () => {
  const rules = document.querySelector("[data-matches-from]");
  if (!rules) return;
  const url = rules.dataset.matchesFrom;
  const mark = (row) => { row.dataset.matchesUrl = url; };
  document.querySelectorAll("#rules-group .inline-related:not(.empty-form)").forEach(mark);
  document.addEventListener("formset:added", (event) => {
    if (event.detail && event.detail.formsetName === "rules") { mark(event.target); countMatches(event.target); }
  });
  if (window.django && django.jQuery) {
    django.jQuery(document).on("select2:select select2:clear", "#rules-group select", (event) => {
      const row = event.target.closest("[data-matches-url]");
      if (row) countMatches(row);
    });
  }
});

/* --- dialogs: the search of the desk and the list of keys. Without them their links lead to pages. */
const onMac = /Mac|iPhone|iPad/.test(navigator.platform);
if (onMac) for (const key of document.querySelectorAll("kbd[data-key]")) key.textContent = `⌘ ${key.dataset.key}`;

function open(id) {
  const dialog = document.getElementById(id);
  if (!dialog || !dialog.showModal) return false;
  if (!dialog.open) dialog.showModal();
  const field = dialog.querySelector("input[name=q]");
  if (field) field.select();
  return true;
}
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-opens]");
  if (link && !event.ctrlKey && !event.metaKey && open(link.dataset.opens)) event.preventDefault();
  if (event.target.matches("dialog.desk-dialog")) event.target.close(); /* beside it */
  for (const menu of document.querySelectorAll("details.desk-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const command = (event.ctrlKey || event.metaKey) && !event.altKey;
  let opened = false;
  if (command && event.key.toLowerCase() === "k") opened = !event.target.closest("[contenteditable]") && open("desk-finder");
  else if (!typing && !command && event.key === "/") opened = open("desk-finder");
  else if (!typing && !command && event.key === "?") opened = open("desk-keys");
  else if (event.key === "Escape") {
    const menu = event.target.closest("details.desk-menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  }
  if (opened) event.preventDefault();
});

const finder = document.getElementById("desk-finder");
if (finder) {
  const form = finder.querySelector("form");
  const place = finder.querySelector(".desk-finder-found");
  let asking = null;
  let waiting = 0;
  form.elements.q.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (asking) asking.abort();
      asking = new AbortController();
      const words = form.elements.q.value.trim();
      if (words.length < 2) { place.replaceChildren(); return; }
      try {
        const answer = await fetch(`${form.action}?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" }, signal: asking.signal });
        if (answer.ok && !answer.redirected) place.innerHTML = await answer.text();
      } catch (error) { if (error.name !== "AbortError") place.replaceChildren(); }
    }, 150);
  });
  finder.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [form.elements.q, ...place.querySelectorAll("a")];
    const next = stops[stops.indexOf(document.activeElement) + step];
    if (next) { event.preventDefault(); next.focus(); }
  });
}
/* Django names some fields by a heading of their column or row that only the eye connects with them. */
function nameFields(root) {
  for (const field of root.querySelectorAll("#content input:not([type=hidden]), #content select, #content textarea")) {
    if (field.labels.length || field.getAttribute("aria-label") || field.getAttribute("aria-labelledby")) continue;
    const cell = field.closest(".tabular td");
    const place = cell
      ? cell.closest("table").tHead.rows[0].cells[cell.cellIndex]
      : field.closest(".form-row, .fieldBox")?.querySelector("legend, label");
    const name = place?.textContent.trim() || field.title;
    if (name) field.setAttribute("aria-label", name);
  }
  for (const shown of root.querySelectorAll(".select2-selection")) {
    const field = shown.closest(".select2-container").previousElementSibling;
    const name = field?.labels?.[0]?.textContent.trim() || field?.getAttribute("aria-label");
    if (!name) continue;
    const chosen = shown.querySelector(".select2-selection__rendered");
    for (const part of [shown, chosen]) part?.setAttribute("aria-label", name);
    if (chosen) shown.setAttribute("aria-describedby", chosen.id);
    shown.removeAttribute("aria-labelledby");
  }
  for (const head of root.querySelectorAll(".tabular th")) {
    if (!head.textContent.trim()) head.setAttribute("role", "cell");
  }
}
window.addEventListener("load", () => {
  const later = window.django?.jQuery ?? setTimeout; // after Select2, which jQuery starts
  later(() => nameFields(document));
});
document.addEventListener("formset:added", () => setTimeout(() => nameFields(document)));
