/* What makes the desk pleasanter; everything works without it. */
"use strict";
document.documentElement.classList.add("js");

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
