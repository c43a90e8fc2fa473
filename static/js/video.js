/* A video takes the place of its still when somebody starts it; before, nothing of its host is asked for.
   Without this file the still is a link to the host. */
"use strict";

for (const link of document.querySelectorAll("a[data-embed]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = link.className;
  button.append(...link.childNodes);
  button.addEventListener("click", () => {
    const player = document.createElement("file" in link.dataset ? "video" : "iframe");
    player.className = "player";
    player.title = link.dataset.title;
    if ("file" in link.dataset) {
      player.controls = player.autoplay = true;
    } else {
      player.allow = "autoplay; encrypted-media; fullscreen; picture-in-picture";
      /* Some hosts play for no page that hides where it is; they learn the site, not the page. */
      player.referrerPolicy = "strict-origin";
    }
    player.src = link.dataset.embed;
    button.replaceWith(player);
    player.focus();
  });
  link.replaceWith(button);
}
