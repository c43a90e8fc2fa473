/* The writing desk of mailings: saves as one types, shows the mail as its reader sees it. Every button works without it. */
"use strict";
(() => {
  const form = document.getElementById("writing");
  if (!form) return;
  const says = form.dataset;
  const frames = document.getElementById("screen");
  const isOpen = !form.classList.contains("read-only");
  const post = () => new URLSearchParams([...new FormData(form)].filter(([, value]) => typeof value === "string"));

  /* --- saving: one request at a time, each names the version it changes */
  let typed = 0, saved = 0, timer = 0, queue = Promise.resolve(), stopped = false, wait = 1000;
  const status = document.getElementById("saved");

  function say(text, tone = "", link = null) {
    status.replaceChildren(text);
    status.className = tone ? `desk-word ${tone}` : "desk-quiet";
    if (link) { const a = document.createElement("a"); a.href = link; a.textContent = says.saysSeeBoth; status.append(" ", a); }
  }
  const clock = (iso) => new Date(iso).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

  function changed() {
    typed += 1;
    if (stopped) return;
    say(says.saysUnsaved);
    clearTimeout(timer);
    timer = setTimeout(() => send("save"), 1200);
    soonPreview();
  }
  function send(act, button) {
    clearTimeout(timer);
    queue = queue.then(() => request(act, button));
    return queue;
  }
  async function request(act, button) {
    if (stopped || (act === "save" && typed === saved && !button)) return;
    const upTo = typed, body = post();
    body.set("act", act);
    say(says.saysSaving);
    let answer, told;
    try {
      answer = await fetch(location.pathname, { method: "POST", body, headers: { Accept: "application/json" } });
      told = await answer.json();
    } catch {
      say(says.saysLost, "bad");
      wait = Math.min(wait * 2, 30000);
      timer = setTimeout(() => send(act), wait);
      return;
    }
    wait = 1000;
    if (!answer.ok) {
      stopped = answer.status === 409 || answer.status === 423;
      say(told.wrong || says.saysUnsaved, "bad", told.leads_to);
      return;
    }
    form.elements.version.value = told.version;
    saved = upTo;
    say(says.saysSaved.replace("%s", clock(told.saved_at)));
    if (typed !== saved) changed();
    if (told.leads_to) { saved = typed; location.assign(told.leads_to); return; }
    if (told.html) { replaceBlocks(told.html, told.focus); soonPreview(0); }
    else showProblems(told.problems);
  }
  function replaceBlocks(html, focus) {
    const place = document.getElementById("blocks-place");
    place.innerHTML = html;
    makeAllRich(place);
    makeCounts(place);
    makeFolds(place);
    let target = focus && document.getElementById(focus);
    if (target && target.disabled) target = target.closest("[data-block]");
    if (target && target.id === "palette") target = target.querySelector("button");
    if (target) { reach(target); target.focus({ preventScroll: true }); target.scrollIntoView({ block: "nearest" }); }
  }
  function showProblems(problems) {
    const box = document.getElementById("problems");
    if (!box || !problems) return;
    box.hidden = problems.length === 0;
    box.querySelector("[data-problem-count]").textContent = problems.length;
    box.querySelector("ul").replaceChildren(...problems.map((one) => {
      const item = document.createElement("li"), link = document.createElement("a");
      link.href = one.block ? `#block-${one.block}` : `#${one.field}`;
      link.textContent = one.words;
      item.append(link);
      return item;
    }));
  }

  if (isOpen) {
    const time = status.querySelector("time");
    if (time) say(says.saysSaved.replace("%s", clock(time.dateTime)));
    form.addEventListener("input", (event) => { if (!isSwitch(event.target)) changed(); });
    form.addEventListener("submit", (event) => {
      const button = event.submitter;
      if (!button || button.name !== "act") return;
      event.preventDefault();
      send(button.value, button);
    });
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") { event.preventDefault(); send("save", form); }
    });
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") send("save"); });
    addEventListener("beforeunload", (event) => { if (typed !== saved && !stopped) event.preventDefault(); });
    for (const link of document.querySelectorAll(".composer-bar a, .desk-tabs a, .desk-stages a")) {
      link.addEventListener("click", async (event) => {
        if (typed === saved || event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        await send("save");
        location.assign(link.href);
      });
    }
  }

  /* --- the preview: a new frame is drawn behind the old one and takes its place, so nothing flickers */
  const isSwitch = (field) => Boolean(field.name) && field.name.startsWith("show_");
  let drawing = 0, previewTimer = 0, lastCost = 300;
  function soonPreview(after = Math.max(400, Math.min(lastCost * 2, 3000))) {
    clearTimeout(previewTimer);
    previewTimer = setTimeout(draw, after);
  }
  function draw() {
    const number = drawing += 1, begun = performance.now();
    const frame = frames.querySelector("iframe.shown").cloneNode();
    frame.removeAttribute("src");
    frame.className = "drawn";
    frame.name = `preview-${number}`;
    frames.append(frame);
    frame.addEventListener("load", () => {
      if (frame.contentWindow && frame.contentWindow.location.href === "about:blank") return;
      lastCost = performance.now() - begun;
      if (number < drawing) { frame.remove(); return; }
      fit(frame);
      frame.className = "shown";
      for (const other of frames.querySelectorAll("iframe")) if (other !== frame) other.remove();
    });
    const request = document.createElement("form");
    request.method = "post";
    request.action = says.preview;
    request.target = frame.name;
    request.hidden = true;
    for (const [name, value] of post()) {
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      request.append(field);
    }
    document.body.append(request);
    request.submit();
    request.remove();
  }
  /* As high as the mail, so that the pane scrolls and keeps its place. */
  function fit(frame) {
    const inner = frame.contentDocument;
    if (!inner || !inner.documentElement) return;
    const measure = () => { frame.height = Math.ceil(inner.documentElement.offsetHeight || inner.body.scrollHeight); };
    measure();
    inner.addEventListener("click", toBlock);  // the same listener once, however often it is added
    for (const picture of inner.images) if (!picture.complete) picture.addEventListener("load", measure);
  }
  /* A click in the mail leads to the block it came from. */
  function toBlock(event) {
    event.preventDefault();
    const marked = event.target.closest && event.target.closest('[class*="block-"]');
    const name = marked && [...marked.classList].find((one) => one.startsWith("block-"));
    const block = name && document.getElementById(name);
    if (!block) return;
    show("write");
    reach(block);
    block.scrollIntoView({ block: "center" });
    const field = block.querySelector(".rich-text, .composer-fields input:not([type=hidden]), .composer-fields select");
    (field || block).focus({ preventScroll: true });
  }
  function showWidth() {
    const chosen = form.querySelector("input[name=show_width]:checked");
    frames.classList.toggle("phone", Boolean(chosen) && chosen.value === "phone");
    requestAnimationFrame(() => fit(frames.querySelector("iframe.shown")));
  }
  const first = frames.querySelector("iframe");
  first.className = "shown";
  first.addEventListener("load", () => fit(first));
  if (first.contentDocument && first.contentDocument.readyState === "complete") fit(first);
  addEventListener("resize", () => fit(frames.querySelector("iframe.shown")));
  form.addEventListener("change", (event) => {
    if (!isSwitch(event.target)) return;
    if (event.target.name === "show_width") showWidth();
    else draw();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.name === "show_as") { event.preventDefault(); draw(); }
  });
  /* The block one writes in is shown. */
  form.addEventListener("focusin", (event) => {
    const block = event.target.closest("[data-block]");
    const frame = frames.querySelector("iframe.shown");
    const inner = frame && frame.contentDocument;
    const shown = block && inner && inner.querySelector(`.block-${CSS.escape(block.dataset.block)}`);
    if (!shown) return;
    const top = shown.getBoundingClientRect().top, bottom = top + shown.offsetHeight;
    if (top < frames.scrollTop || bottom > frames.scrollTop + frames.clientHeight) frames.scrollTop = Math.max(0, top - 40);
  });

  /* --- one of both at a time where there is no room for two; the style sheet says where */
  const views = form.querySelectorAll("[data-view]"), left = { write: 0, preview: 0 };
  form.dataset.shows = "write";
  function show(view) {
    if (form.dataset.shows === view) return;
    left[form.dataset.shows] = scrollY;
    form.dataset.shows = view;
    for (const link of views) {
      if (link.dataset.view === view) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    if (view === "preview") fit(frames.querySelector("iframe.shown"));
    const top = form.getBoundingClientRect().top + scrollY;
    scrollTo({ top: scrollY > top || left[view] > top ? Math.max(top, left[view]) : scrollY, behavior: "instant" });
  }
  for (const link of views) link.addEventListener("click", (event) => { event.preventDefault(); show(link.dataset.view); });

  if (!isOpen) return;

  /* --- a block folds to a line with its first words: on a phone all of them, where there are more than three */
  const folded = new Set();
  function firstWords(block) {
    for (const field of block.querySelectorAll(":scope > .composer-fields :is(.rich-text, input:not([type]), textarea:not([data-rich]), select[data-picture])")) {
      const parts = field.matches(".rich-text") ? [...field.querySelectorAll("p, li, h3, h4")].map((one) => one.textContent) : [];
      const said = parts.length ? parts.join(" ") : field.options ? field.value && field.selectedOptions[0].text : field.value;
      if (said && said.trim()) return said.trim().replace(/\s+/g, " ").slice(0, 80);
    }
    return "";
  }
  function fold(block, isFolded) {
    const button = block.querySelector(":scope > header .composer-fold");
    folded[isFolded ? "add" : "delete"](block.dataset.block);
    block.classList.toggle("folded", isFolded);
    button.setAttribute("aria-expanded", String(!isFolded));
    button.querySelector("bdi").textContent = isFolded ? firstWords(block) : "";
  }
  function makeFolds(within) {
    for (const block of within.querySelectorAll("[data-block]")) {
      const heading = block.querySelector(":scope > header h3"), button = document.createElement("button");
      button.type = "button";
      button.className = "composer-fold";
      button.append(heading.textContent, " ", document.createElement("bdi"));
      button.addEventListener("click", () => fold(block, !block.classList.contains("folded")));
      heading.replaceChildren(button);
      fold(block, folded.has(block.dataset.block));
    }
  }
  /* What is to be written in stands open, with the blocks around it. */
  function reach(place) {
    for (let block = place.closest("[data-block]"); block; block = block.parentElement.closest("[data-block]")) fold(block, false);
  }
  const outer = form.querySelectorAll("#blocks > .composer-blocks > [data-block]");
  if (matchMedia("(max-width: 767px)").matches && outer.length > 3) for (const block of outer) folded.add(block.dataset.block);
  form.addEventListener("click", (event) => {
    const link = event.target.closest(".composer-problems a");
    const place = link && document.getElementById(link.hash.slice(1));
    if (place) reach(place);
  });

  /* --- how long a line is */
  function makeCounts(within) {
    for (const input of within.querySelectorAll("input[data-count]")) {
      const shown = document.createElement("span");
      shown.className = "help";
      shown.id = `${input.id}-count`;
      input.after(shown);
      input.setAttribute("aria-describedby", [input.getAttribute("aria-describedby"), shown.id].filter(Boolean).join(" "));
      const count = () => {
        const length = [...input.value].length, most = Number(input.dataset.count);
        shown.textContent = (length > most ? says.saysLong : says.saysCharacters).replace("%s", length).replace("%m", most);
        shown.classList.toggle("composer-long", length > most);
      };
      input.addEventListener("input", count);
      count();
    }
  }
  makeCounts(form);
  makeAllRich(form);
  makeFolds(form);

  /* --- merge fields go where one wrote last */
  let last = null;
  form.addEventListener("focusin", (event) => { if (event.target.closest("[data-merge]")) last = event.target.closest("[data-merge]"); });
  const field = document.getElementById("merge-field"), fallback = document.getElementById("merge-fallback");
  const written = () => {
    const or = fallback.value.replace(/[{}|<>&"]/g, "").trim();
    return or ? `{{ ${field.value} | ${or} }}` : `{{ ${field.value} }}`;
  };
  const showWritten = () => { document.getElementById("merge-shown").textContent = written(); };
  field.addEventListener("change", showWritten);
  fallback.addEventListener("input", showWritten);
  showWritten();
  document.getElementById("merge-insert").addEventListener("click", () => {
    if (!last || !last.isConnected) last = document.getElementById("subject");
    const editor = richEditors.get(last);
    reach(last);
    last.closest("[data-block]")?.scrollIntoView({ block: "nearest" });
    if (editor) { editor.focus(); editor.insertPlainText(written()); return; }
    last.focus();
    last.setRangeText(written(), last.selectionStart, last.selectionEnd, "end");
    last.dispatchEvent(new Event("input", { bubbles: true }));
  });

  /* --- blocks can be dragged by their handle, within the list they stand in */
  let dragged = null;
  form.addEventListener("dragstart", (event) => {
    const handle = event.target.closest && event.target.closest(".composer-handle");
    if (!handle) return;
    dragged = handle.closest("[data-block]");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.id);
    event.dataTransfer.setDragImage(dragged, 20, 20);
    dragged.classList.add("dragged");
  });
  /* Where the block would come to stand: the block it is over, and the side. */
  function target(event) {
    const over = dragged && [...dragged.parentElement.children].find((one) => one.contains(event.target));
    if (!over || over === dragged) return null;
    const box = over.getBoundingClientRect();
    return { over, side: event.clientY < box.top + box.height / 2 ? "before" : "after" };
  }
  function unmark() {
    for (const one of form.querySelectorAll(".drop-before, .drop-after")) one.classList.remove("drop-before", "drop-after");
  }
  form.addEventListener("dragover", (event) => {
    if (!dragged || !dragged.parentElement.contains(event.target)) return;
    event.preventDefault();
    unmark();
    const found = target(event);
    if (found) found.over.classList.add(`drop-${found.side}`);
  });
  form.addEventListener("drop", (event) => {
    const found = target(event);
    if (!found) return;
    event.preventDefault();
    found.over[found.side](dragged);
    typed += 1;
    send("arrange");
  });
  form.addEventListener("dragend", () => {
    unmark();
    if (dragged) dragged.classList.remove("dragged");
    dragged = null;
  });

  /* --- the library of pictures */
  const library = document.getElementById("library");
  let asked = null;
  form.addEventListener("click", async (event) => {
    const opener = event.target.closest("[data-open-library]");
    if (!opener) return;
    asked = document.getElementById(opener.dataset.openLibrary);
    const answer = await fetch(says.library);
    if (!answer.ok) return;
    library.innerHTML = await answer.text();
    library.showModal();
  });
  library.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) library.close();
    const chosen = event.target.closest("[data-choose]");
    if (chosen) choosePicture(chosen.dataset);
  });
  library.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sent = event.target, isSearch = sent.method === "get";
    const body = new FormData(sent);
    const answer = isSearch
      ? await fetch(`${sent.action}?${new URLSearchParams(body)}`)
      : await fetch(sent.action, { method: "POST", body, headers: { Accept: "application/json" } });
    if (answer.headers.get("Content-Type").startsWith("application/json")) choosePicture(await answer.json());
    else library.innerHTML = await answer.text();
  });
  function choosePicture({ choose, name, alt, src }) {
    let option = [...asked.options].find((one) => one.value === String(choose));
    if (!option) { option = new Option(name, choose); asked.append(option); }
    asked.value = choose;
    const shown = asked.parentElement.querySelector("img") || asked.parentElement.insertBefore(new Image(96), asked);
    shown.src = src;
    shown.alt = "";
    const words = document.getElementById(asked.id.replace(/-picture$/, "-alt"));
    if (words && !words.value) words.value = alt;
    library.close();
    asked.focus();
    asked.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /* --- who else has it open */
  async function alive(gone = false) {
    const body = new URLSearchParams({ tab: says.tab, language: form.elements.language.value, csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value });
    if (gone) { body.set("gone", "1"); navigator.sendBeacon(says.presence, body); return; }
    try {
      const answer = await fetch(says.presence, { method: "POST", body });
      if (!answer.ok) return;
      const { others } = await answer.json();
      const place = document.getElementById("others");
      if ([...place.children].map((one) => one.textContent).join("\n") === others.join("\n")) return;
      place.replaceChildren(...others.map((sentence) => {
        const line = document.createElement("p");
        line.className = "desk-word warn";
        line.textContent = sentence;
        return line;
      }));
    } catch { /* the next sign of life tells */ }
  }
  alive();
  setInterval(alive, Number(says.heartbeat) * 1000);
  addEventListener("pagehide", () => alive(true));
})();
