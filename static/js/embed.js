/* Epistle: shows a campaign's form where this script stands. It sets no cookie and leaves nothing global behind.

   <script async src="https://act.example.org/embed.js" data-campaign="keep-line-42"></script>

   data-language  the form's language, such as fr; without it the reader's
   data-member    a member organisation's short name: who writes from here is counted for it
   data-via       the code of a short link, for a source of its own in the figures
   data-title     what the frame is called for those who hear the page, until the form has loaded */
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || !script.dataset.campaign) return;
  if (document.head.contains(script)) {
    console.error("Epistle: put the script where the form should stand, inside the body.");
    return;
  }
  const home = new URL(script.src).origin;
  const { campaign, language, member, via, title } = script.dataset;
  const address = new URL(`/embed/c/${encodeURIComponent(campaign)}/`, home);
  for (const [name, value] of [["language", language], ["with", member], ["via", via]]) {
    if (value) address.searchParams.set(name, value);
  }

  const frame = document.createElement("iframe");
  frame.src = address.href;
  frame.title = title || new URL(home).host;
  frame.referrerPolicy = "no-referrer";
  /* Set through the object, not as an attribute: a policy without 'unsafe-inline' allows it. */
  Object.assign(frame.style, { display: "block", width: "100%", height: "720px", border: "0" });

  let pages = 0;
  frame.addEventListener("load", () => {
    frame.contentWindow.postMessage({ epistle: "frame" }, home);
    pages += 1;
    /* The next step begins at its top: where the reader pressed the button, its middle would be. */
    if (pages > 1 && frame.getBoundingClientRect().top < 0) frame.scrollIntoView();
  });
  window.addEventListener("message", (event) => {
    if (event.origin !== home || event.source !== frame.contentWindow) return;
    const data = event.data;
    if (data === null || typeof data !== "object" || data.epistle !== "page") return;
    if (Number.isInteger(data.height) && data.height > 0 && data.height < 50000) {
      frame.style.height = `${data.height}px`;
    }
    if (typeof data.title === "string" && data.title && data.title.length <= 200) frame.title = data.title;
  });
  script.after(frame);
})();
