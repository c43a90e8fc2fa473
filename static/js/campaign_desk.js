/* Writing a campaign's pages: words as readers will see them, parts in their order, pictures from the library.
   Everything works without this file. */
"use strict";

/* --- Markdown as it will look, beside the field it is written in */
const says = document.querySelector("[data-markdown-url]")?.dataset;
const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;

function showMarkdown(area) {
  if (area.dataset.markdown === "shown" || area.name.includes("__prefix__")) return;
  area.dataset.markdown = "shown";
  const pane = document.createElement("div");
  pane.className = "markdown-shown";
  pane.dir = "auto";
  if (says.language) pane.lang = says.language;
  pane.setAttribute("aria-label", says.shown);
  pane.setAttribute("role", "group");
  const both = document.createElement("div");
  both.className = "markdown-both";
  area.replaceWith(both);
  both.append(area, pane);
  let waiting = 0, asked = 0;
  const show = async () => {
    const mine = ++asked;
    if (!area.value.trim()) { pane.replaceChildren(); return; }
    const body = new URLSearchParams({ text: area.value, csrfmiddlewaretoken: token });
    const answer = await fetch(says.markdownUrl, { method: "POST", body });
    /* What comes is made of a short list of tags by the server, as on the public page. */
    if (answer.ok && mine === asked) pane.innerHTML = await answer.text();
  };
  area.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(show, 300);
  });
  if (area.value.trim()) show();
}

/* --- parts that stand in an order: moved by two buttons; the numbers are written when the form is sent */
function order(part) {
  const place = part.querySelector("input[name$='-position']");
  if (!place || part.classList.contains("empty-form") || part.querySelector(".part-moves")) return;
  place.closest(".form-row").hidden = true;
  const moves = document.createElement("span");
  moves.className = "part-moves";
  for (const [label, step] of [[says.up, -1], [says.down, 1]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "desk-act";
    button.textContent = label;
    button.addEventListener("click", () => {
      const other = step < 0 ? part.previousElementSibling : part.nextElementSibling;
      if (!other?.matches(".inline-related:not(.empty-form)")) return;
      if (step < 0) other.before(part);
      else other.after(part);
      button.focus();
    });
    moves.append(button);
  }
  part.querySelector("h3").append(moves);
}
function numberParts(form) {
  for (const group of form.querySelectorAll(".inline-group")) {
    let number = 0;
    for (const part of group.querySelectorAll(".inline-related:not(.empty-form)")) {
      const place = part.querySelector("input[name$='-position']");
      const isFilled = [...part.querySelectorAll("textarea, input[type=text], input[type=url]")].some((field) => field.value.trim());
      if (place && isFilled) place.value = ++number;
    }
  }
}

if (says) {
  document.querySelectorAll("textarea[data-markdown]").forEach(showMarkdown);
  document.querySelectorAll(".inline-related").forEach(order);
  document.addEventListener("formset:added", (event) => {
    event.target.querySelectorAll("textarea[data-markdown]").forEach(showMarkdown);
    order(event.target);
  });
  document.addEventListener("submit", (event) => numberParts(event.target));
}

/* --- pictures: chosen in the library's dialogue, or brought there */
const choosers = document.querySelectorAll(".picture-chooser");
let library = null, chooser = null;

function shown(one, picture) {
  const place = one.querySelector(".picture-chosen");
  place.replaceChildren();
  if (picture) {
    const image = new Image();
    image.src = picture.src;
    image.alt = picture.alt;
    place.append(image);
  }
  one.querySelector("[data-none]").hidden = !picture;
}
function choose({ choose: key, name, alt, src }) {
  const select = chooser.querySelector("select");
  let option = [...select.options].find((one) => one.value === String(key));
  if (!option) { option = new Option(name, key); select.append(option); }
  select.value = key;
  shown(chooser, { src, alt });
  library.close();
  chooser.querySelector("[data-open]").focus();
}
async function openLibrary(one) {
  chooser = one;
  const answer = await fetch(one.dataset.library);
  if (!answer.ok) return;
  library.innerHTML = await answer.text();
  library.showModal();
}
if (choosers.length) {
  library = document.createElement("dialog");
  library.className = "picture-library";
  document.body.append(library);
  library.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) library.close();
    const chosen = event.target.closest("[data-choose]");
    if (chosen) choose(chosen.dataset);
  });
  library.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = event.target, body = new FormData(sent);
    const answer = sent.method === "get"
      ? await fetch(`${sent.action}?${new URLSearchParams(body)}`)
      : await fetch(sent.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.headers.get("Content-Type").startsWith("application/json")) choose(await answer.json());
    else library.innerHTML = await answer.text();
  });
  for (const one of choosers) {
    one.classList.add("scripted");
    one.querySelector("[data-open]").addEventListener("click", () => openLibrary(one));
    one.querySelector("[data-none]").addEventListener("click", () => {
      one.querySelector("select").value = "";
      shown(one, null);
    });
  }
}
