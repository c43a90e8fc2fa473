/* The Sharing tab: copying a link, and how long a message is on each network while it is typed.
   The counting is that of advocacy/sharing/lengths.py; the server counts again when it is saved. */
"use strict";
(() => {
  const said = document.getElementById("copied");
  for (const button of document.querySelectorAll("button[data-copies]")) {
    if (!navigator.clipboard || !said) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      said.textContent = "";
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      said.textContent = button.dataset.done;
    });
  }

  const panel = document.getElementById("share-shown");
  const text = document.getElementById("id_text");
  if (!panel || !text || !Intl.Segmenter) return;
  const facts = JSON.parse(document.getElementById("share-facts").textContent);
  const language = document.getElementById("id_language");
  const network = document.getElementById("id_network");
  const preview = panel.querySelector(".share-preview");
  const spoken = panel.querySelector("[role=status]");
  const segmenter = new Intl.Segmenter();
  const LINK = 23;
  const links = /https?:\/\/\S+/gi;
  const once = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];

  const graphemes = (words) => [...segmenter.segment(words)].map((part) => part.segment);
  function weight(grapheme) {
    if (/\p{Emoji_Presentation}|\uFE0F|\p{Extended_Pictographic}\u200D/u.test(grapheme)) return 2;
    let sum = 0;
    for (const sign of grapheme) sum += once.some(([low, high]) => low <= sign.codePointAt(0) && sign.codePointAt(0) <= high) ? 1 : 2;
    return sum;
  }
  function lengthOf(name, words) {
    const whole = words.normalize("NFC");
    if (name === "bluesky") return graphemes(whole).length;
    const rest = graphemes(whole.replace(links, ""));
    const counted = name === "x" ? rest.reduce((sum, one) => sum + weight(one), 0) : rest.length;
    return (whole.match(links) ?? []).length * LINK + counted;
  }
  const join = (words, tags) => `${words}\n${tags.join(" ")}`.trim();
  function fit(name, limit, words, tags, link) {
    for (let count = tags.length; count >= 0; count -= 1) {
      const whole = join(words, tags.slice(0, count));
      const length = lengthOf(name, `${whole} ${link}`);
      if (length <= limit || count === 0) return { whole, count, length };
    }
  }
  function show() {
    const words = text.value.trim();
    const tags = facts.tags[language.value] ?? [];
    const link = facts.links[language.value] ?? "";
    let over = "", whole = join(words, tags);
    for (const line of panel.querySelectorAll("[data-network]")) {
      const { network: name, name: label, limit } = line.dataset;
      line.hidden = Boolean(network.value) && network.value !== name;
      const found = fit(name, Number(limit), words, tags, link);
      const isOver = found.length > Number(limit);
      const sentence = (isOver ? panel.dataset.over : panel.dataset.fits)
        .replace("{network}", label).replace("{length}", found.length).replace("{limit}", limit)
        .replace("{tags}", found.count).replace("{all}", tags.length);
      const word = line.firstElementChild;
      word.textContent = sentence;
      word.className = `desk-word ${isOver ? "warn" : "good"}`;
      if (isOver && !line.hidden) over += `${sentence} `;
      if (network.value === name) whole = found.whole;
    }
    preview.lang = language.value;
    preview.textContent = `${whole}\n${link}`;
    panel.hidden = !words;
    if (spoken.textContent !== over) spoken.textContent = over;
  }
  for (const field of [text, language, network]) field.addEventListener("input", show);
  show();
})();
