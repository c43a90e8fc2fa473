/* The reader's Mastodon server, remembered by their own browser alone. The page works without this file. */
"use strict";
(() => {
  const key = "mastodon-server";
  const field = document.getElementById("server");
  const link = document.getElementById("go");
  try {
    if (link) {
      link.addEventListener("click", () => localStorage.setItem(key, link.dataset.server));
    } else if (field && !field.value) {
      field.value = localStorage.getItem(key) ?? "";
    }
  } catch {
    /* A browser that keeps nothing asks again. */
  }
})();
