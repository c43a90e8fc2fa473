/* Our page inside another site's page: it tells that page how high it is, and nothing else. Without this it scrolls.

   The browser lets in only the sites the campaign allows (frame-ancestors). The page around us speaks first, so that we
   know its origin: what we answer goes to that origin only. */
"use strict";

{
  let around = "";

  const tell = () => {
    if (!around) return;
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    window.parent.postMessage({ epistle: "page", height, title: document.title.slice(0, 200) }, around);
  };

  window.addEventListener("message", (event) => {
    if (window.parent === window || event.source !== window.parent) return;
    if (event.data === null || typeof event.data !== "object" || event.data.epistle !== "frame") return;
    if (!/^https?:\/\//.test(event.origin)) return;
    around = event.origin;
    tell();
  });
  new ResizeObserver(tell).observe(document.body);
}
