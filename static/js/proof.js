/* The proof of work, asked for only while very many letters come in (advocacy/abuse.py). No puzzle, no third party:
   the worker is ALTCHA's own, vendored. Where a browser cannot do it, the letters wait for a person instead. */
const field = document.querySelector("[data-challenge]");
const said = document.querySelector("[data-working]");
const challenge = JSON.parse(field.dataset.challenge);
const buttons = [...field.form.querySelectorAll('button[value="send"]')];

function withoutProof() {
  const given = document.createElement("input");
  given.type = "hidden";
  given.name = field.dataset.otherwise;
  given.value = "1";
  field.form.append(given);
  buttons.forEach((button) => (button.disabled = false));
}

said.textContent = said.dataset.working;
buttons.forEach((button) => (button.disabled = true));
try {
  const worker = new Worker(field.dataset.worker);
  worker.onerror = withoutProof;
  worker.onmessage = ({ data: solution }) => {
    worker.terminate();
    if (!solution || solution.error) return withoutProof();
    field.value = btoa(JSON.stringify({ challenge, solution }));
    said.textContent = said.dataset.solved;
    buttons.forEach((button) => (button.disabled = false));
  };
  worker.postMessage({ type: "work", challenge });
} catch {
  withoutProof();
}
