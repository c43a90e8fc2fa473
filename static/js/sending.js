/* Small comforts of the page Send; everything works without them. */
"use strict";

/* The seconds until it starts, counted here between two answers of the server. */
function countDown() {
  const shown = document.querySelector("[data-seconds]");
  if (!shown) return;
  const left = Math.max(0, Number(shown.dataset.seconds) - Math.floor((Date.now() - counted) / 1000));
  const minutes = Math.floor(left / 60);
  shown.textContent = `${minutes}:${String(left % 60).padStart(2, "0")}`;
}
let counted = Date.now();
document.addEventListener("htmx:afterSwap", () => {
  counted = Date.now();
  countDown();
});
setInterval(countDown, 1000);
countDown();

/* Whoever chooses a day means "later"; the zone of this computer is the likeliest one. */
const when = document.getElementById("when-form");
if (when) {
  const later = when.querySelector("input[name=when][value=later]");
  for (const field of when.querySelectorAll(".send-when input, .send-when select")) {
    field.addEventListener("change", () => { later.checked = true; });
  }
  const zone = when.querySelector("select[name=zone]");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && zone.value === "UTC" && [...zone.options].some((option) => option.value === here)) zone.value = here;
}
