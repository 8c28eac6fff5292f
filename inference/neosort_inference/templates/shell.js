// The theme before anything is painted: as the system says, or as was chosen on this device. The server is told, for
// charts are coloured there; and who works at this device.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const choices = ["auto", "light", "dark"];
  const choice = () => (choices.includes(localStorage.getItem("theme")) ? localStorage.getItem("theme") : "auto");
  const dark = () => (choice() === "auto" ? system.matches : choice() === "dark");
  function show() {
    document.documentElement.dataset.theme = dark() ? "dark" : "light";
    const label = document.querySelector("#theme span");
    if (label) label.textContent = { auto: "as system", light: "light", dark: "dark" }[choice()];
  }
  window.neosortDevice = { dark, tell: () => { show(); emitEvent("device", { dark: dark(), name: localStorage.getItem("name") ?? "" }); } };
  system.addEventListener("change", () => window.neosortDevice.tell());
  document.addEventListener("click", (event) => {
    if (!event.target.closest("#theme")) return;
    localStorage.setItem("theme", choices[(choices.indexOf(choice()) + 1) % choices.length]);
    window.neosortDevice.tell();
  });
  show();
})();

// Whether the page's process still answers; figures that stand still must not look alive.
(() => {
  async function ask() {
    let alive = false;
    try { alive = (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(3000) })).ok; } catch { /* gone */ }
    document.body.classList.toggle("cut-off", !alive);
    setTimeout(ask, 2000);
  }
  addEventListener("load", ask);
})();

// Whoever works by keys goes on where they were, though what they have pressed is gone or was drawn anew since.
(() => {
  const CONTROLS = "a[href], button:not([disabled]), input:not([disabled]), [tabindex]:not([tabindex='-1'])";
  let byKeys = false;
  let around = []; // what had the focus last, and everything that it lies in
  const there = (one) => one.isConnected && one.checkVisibility();
  addEventListener("keydown", () => { byKeys = true; }, true);
  addEventListener("pointerdown", () => { byKeys = false; }, true);
  addEventListener("focusin", ({ target }) => {
    around = [];
    for (let one = target; one && one !== document.body; one = one.parentElement) around.push(one);
  });
  setInterval(() => {
    if (!byKeys || document.activeElement !== document.body || !around.length || there(around[0])) return;
    const beside = around.filter(there).map((home) => [...home.querySelectorAll(CONTROLS)].find(there)).find(Boolean);
    (beside ?? document.getElementById("content"))?.focus();
  }, 100);
})();
