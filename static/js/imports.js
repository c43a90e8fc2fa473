/* Small comforts of the import wizard; every step works without them. */
"use strict";

/* A file that is too large is told before it travels; one that travels is not sent twice. */
for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector("input[type=file]");
  const says = form.querySelector("[data-says]");
  const button = form.querySelector("button.main");
  const label = button.textContent;
  const tooLarge = () => Boolean(input.files[0]) && input.files[0].size > Number(input.dataset.mostBytes);
  input.addEventListener("change", () => {
    says.hidden = !tooLarge();
    says.textContent = tooLarge() ? form.dataset.tooLarge : "";
    input.classList.remove("over");
  });
  input.addEventListener("dragenter", () => input.classList.add("over"));
  input.addEventListener("dragleave", () => input.classList.remove("over"));
  form.addEventListener("submit", (event) => {
    if (tooLarge() || button.disabled) {
      event.preventDefault();
      return;
    }
    button.disabled = true;
    button.textContent = form.dataset.uploading;
  });
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    button.textContent = label;
  });
}

/* Why somebody is never written to is asked only where it matters. */
function showWhy() {
  const why = document.querySelector(".import-why");
  const mode = document.querySelector("input[name=mode]:checked");
  if (why && mode) why.classList.toggle("wanted", mode.value === "suppress");
}
document.addEventListener("change", (event) => event.target.name === "mode" && showWhy());
document.addEventListener("htmx:load", showWhy);
showWhy();
