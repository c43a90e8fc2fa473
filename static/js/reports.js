/* The figures of a mailing that is being sent are asked for again while somebody looks; a hidden tab asks for nothing. */
"use strict";
(() => {
  const moving = () => document.querySelector("[data-tick-every]");
  const tick = () => {
    const part = moving();
    if (part && !document.hidden) htmx.trigger(part, "tick");
  };
  const first = moving();
  if (!first) return;
  window.setInterval(tick, Number(first.dataset.tickEvery));
  document.addEventListener("visibilitychange", tick);
})();
