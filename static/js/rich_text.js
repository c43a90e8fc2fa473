/* Rich text: each textarea[data-rich] becomes an editor; the textarea stays what the form posts. */
"use strict";
const richEditors = new WeakMap();  // an editor's element → its Squire

const RICH_TOOLS = {
  rich: ["bold", "italic", "link", "bullets", "numbers", "heading", "quote", "plain"],
  inline: ["bold", "italic", "link"],
  items: ["bold", "italic", "link"],
};
const RICH_TAGS = new Set(["P", "BR", "STRONG", "B", "EM", "I", "U", "S", "SUB", "SUP", "A", "UL", "OL", "LI", "H3", "H4", "BLOCKQUOTE", "SPAN"]);

/* What comes in was cleaned by the server; this keeps out what a browser or an extension might add. */
function richFragment(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const fragment = document.createDocumentFragment();
  const keep = (from, to) => {
    for (const node of from.childNodes) {
      if (node.nodeType === Node.TEXT_NODE) to.append(node.data);
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      if (!RICH_TAGS.has(node.nodeName)) {
        if (node.nodeName === "DIV") { const p = document.createElement("p"); to.append(p); keep(node, p); }
        else if (!["SCRIPT", "STYLE", "TITLE", "TEMPLATE"].includes(node.nodeName)) keep(node, to);
        continue;
      }
      const copy = document.createElement(node.nodeName);
      for (const name of ["href", "dir", "lang"]) if (node.hasAttribute(name)) copy.setAttribute(name, node.getAttribute(name));
      if (copy.hasAttribute("href") && !/^(https?:|mailto:|tel:|\{\{)/i.test(copy.getAttribute("href"))) copy.removeAttribute("href");
      to.append(copy);
      keep(node, copy);
    }
  };
  keep(parsed.body, fragment);
  return fragment;
}

/* The posted text and the editor's: a list is posted as a line for each point. */
const RICH_SHAPES = {
  rich: { toEditor: (text) => text, toText: (root) => tidy(root.innerHTML) },
  inline: {
    toEditor: (text) => `<p>${text}</p>`,
    toText: (root) => [...root.children].map((one) => tidy(one.innerHTML)).join("<br>"),
  },
  items: {
    toEditor: (text) => `<ul>${(text || "").split("\n").map((line) => `<li>${line || "<br>"}</li>`).join("")}</ul>`,
    toText: (root) => [...root.querySelectorAll("li")].map((one) => tidy(one.innerHTML).replace(/\s*\n\s*/g, " ").replace(/<\/?(p|div)>/g, "")).join("\n"),
  },
};
function tidy(html) {
  return html.replace(/[\u200b\ufeff]/g, "").replace(/<br>(?=<\/(p|li|h3|h4)>)/g, "").replace(/<br>$/, "").replace(/(\S)&nbsp;(?=<[a-z]|\{\{)/g, "$1 ").replace(/<p><\/p>/g, "");
}

function makeRich(area) {
  const shape = RICH_SHAPES[area.dataset.rich];
  const root = document.createElement("div");
  root.className = "rich-text";
  root.dir = "auto";
  root.setAttribute("role", "textbox");
  root.setAttribute("aria-multiline", "true");
  root.setAttribute("aria-labelledby", `${area.id}-label`);
  root.dataset.merge = "";
  root.id = `${area.id}-rich`;
  const editor = new Squire(root, {
    blockTag: "P",
    sanitizeToDOMFragment: richFragment,
    addLinks: true,
    didError: () => {},
  });
  richEditors.set(root, editor);
  editor.setHTML(shape.toEditor(area.value));
  let last = shape.toText(root);
  const tools = richTools(area, root, editor);
  area.hidden = true;
  area.after(tools, root);
  const label = document.getElementById(`${area.id}-label`);
  if (label) { label.removeAttribute("for"); label.addEventListener("click", () => root.focus()); }
  editor.addEventListener("input", () => {
    if (area.dataset.rich === "items" && !root.querySelector("li")) editor.makeUnorderedList();
    const text = shape.toText(root);
    if (text === last) return;  // Squire also tells of what it made of the text at the beginning
    area.value = last = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });
  root.addEventListener("paste", (event) => pasted(event, area, editor), true);
  editor.addEventListener("pathChange", () => mark(tools, editor));
}

/* What Word or a web page put on the clipboard is cleaned by the server before it stands in the text. */
async function pasted(event, area, editor) {
  const html = event.clipboardData && event.clipboardData.getData("text/html");
  if (!html) return;  // plain text is Squire's own
  event.preventDefault();
  event.stopImmediatePropagation();
  const form = document.getElementById("writing");
  const body = new URLSearchParams({ html, as: area.dataset.rich, csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
  const plain = event.clipboardData.getData("text/plain");
  try {
    const answer = await fetch(form.dataset.paste, { method: "POST", body });
    if (!answer.ok) throw new Error(String(answer.status));
    editor.insertHTML((await answer.json()).html);
  } catch {
    editor.insertPlainText(plain, true);
  }
}

function richTools(area, root, editor) {
  const words = document.getElementById("rich-words");
  const bar = document.createElement("div");
  bar.className = "rich-tools";
  bar.setAttribute("role", "toolbar");
  bar.setAttribute("aria-controls", root.id);
  bar.setAttribute("aria-label", words.dataset.toolbar);
  for (const name of RICH_TOOLS[area.dataset.rich]) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.tool = name;
    button.title = words.dataset[name];
    button.setAttribute("aria-label", words.dataset[name]);
    button.tabIndex = bar.children.length ? -1 : 0;
    button.innerHTML = document.getElementById(`icon-${name}`).innerHTML;
    button.addEventListener("mousedown", (event) => event.preventDefault());  // the selection stays in the text
    button.addEventListener("click", () => use(name, editor, bar));
    bar.append(button);
  }
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.target.nodeName !== "BUTTON") return;
    event.preventDefault();
    const buttons = [...bar.querySelectorAll("button[data-tool]")];
    const way = getComputedStyle(bar).direction === "rtl" ? -step : step;
    const next = buttons[(buttons.indexOf(event.target) + way + buttons.length) % buttons.length];
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  });
  return bar;
}

function use(name, editor, bar) {
  const inside = (tag) => editor.hasFormat(tag);
  const path = editor.getPath();
  switch (name) {
    case "bold": inside("b") || inside("strong") ? editor.removeBold() : editor.bold(); break;
    case "italic": inside("i") || inside("em") ? editor.removeItalic() : editor.italic(); break;
    case "bullets": /\bUL\b/.test(path) ? editor.removeList() : editor.makeUnorderedList(); break;
    case "numbers": /\bOL\b/.test(path) ? editor.removeList() : editor.makeOrderedList(); break;
    case "quote": /BLOCKQUOTE/.test(path) ? editor.removeQuote() : editor.increaseQuoteLevel(); break;
    case "heading": toggleHeading(editor, /\bH3\b/.test(path)); break;
    case "plain": editor.removeAllFormatting(); break;
    case "link": askLink(editor, bar); return;
  }
  editor.focus();
}

function toggleHeading(editor, isHeading) {
  editor.modifyBlocks((fragment) => {
    for (const block of fragment.querySelectorAll(isHeading ? "h3" : "p")) {
      const other = document.createElement(isHeading ? "p" : "h3");
      other.append(...block.childNodes);
      block.replaceWith(other);
    }
    return fragment;
  });
}

/* The address of a link is asked for in a line below the tools; empty takes the link away. */
function askLink(editor, bar) {
  const open = bar.querySelector(".rich-link");
  if (open) { open.remove(); editor.focus(); return; }
  const selection = editor.getSelection();
  const node = selection.startContainer.nodeType === Node.TEXT_NODE ? selection.startContainer.parentElement : selection.startContainer;
  const link = node.closest("a");
  const words = document.getElementById("rich-words").dataset;
  const line = document.createElement("div");
  line.className = "rich-link";
  const input = document.createElement("input");
  input.type = "text";
  input.inputMode = "url";
  input.dir = "ltr";
  input.placeholder = "https://…";
  input.value = link ? link.getAttribute("href") || "" : "";
  input.setAttribute("aria-label", words.leadsTo);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "desk-act";
  button.textContent = words.setLink;
  line.append(input, button);
  bar.append(line);
  input.focus();
  const done = (set) => {
    line.remove();
    editor.setSelection(selection);
    if (set) {
      const typed = input.value.trim();
      const url = !typed || /^(https?:|mailto:|tel:|\{\{)/i.test(typed) ? typed : typed.includes("@") && !typed.includes("/") ? `mailto:${typed}` : `https://${typed}`;
      if (link) { const range = document.createRange(); range.selectNodeContents(link); editor.setSelection(range); }
      url ? editor.makeLink(url) : editor.removeLink();
    }
    editor.focus();
  };
  button.addEventListener("click", () => done(true));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); done(true); }
    if (event.key === "Escape") { event.preventDefault(); done(false); }
  });
}

function mark(bar, editor) {
  const path = editor.getPath();
  const on = {
    bold: editor.hasFormat("b") || editor.hasFormat("strong"),
    italic: editor.hasFormat("i") || editor.hasFormat("em"),
    link: editor.hasFormat("a"),
    bullets: /\bUL\b/.test(path), numbers: /\bOL\b/.test(path), quote: /BLOCKQUOTE/.test(path), heading: /\bH3\b/.test(path),
  };
  for (const button of bar.querySelectorAll("button[data-tool]")) {
    if (button.dataset.tool in on) button.setAttribute("aria-pressed", String(on[button.dataset.tool]));
  }
}

function makeAllRich(within) {
  if (!window.Squire) return;
  for (const area of within.querySelectorAll("textarea[data-rich]:not([hidden])")) makeRich(area);
}
