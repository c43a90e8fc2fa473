// Shows new messages without reloading the page, so that what is being typed stays.
setInterval(async () => {
  if (document.hidden) return;
  const answer = await fetch("/").catch(() => null);
  if (!answer || !answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("listing");
  const shown = document.getElementById("listing");
  if (fresh && fresh.innerHTML !== shown.innerHTML && !shown.contains(document.activeElement)) {
    shown.replaceWith(fresh);
  }
}, 2000);
