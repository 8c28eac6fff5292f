// Draws the belt as it runs: views become tiles at their place on the belt, decisions become boxes on top, and both
// panels (picture, field) scroll at the belt's own pace, a little behind the newest view so that the motion never stutters.
(() => {
  const POLL_MS = 60;
  const BEHIND = 1.7; // steps between views that the screen runs behind the newest
  const SNAP_MM = 700; // further off than this we jump instead of catching up
  const panels = () => ["picture", "field"].map((name) => document.getElementById(`belt-${name}`));
  const tiles = [];
  const boxes = new Map();
  let newest = null; // {number, endMm, stepMm, atMs}
  let paceMmPerMs = 0;
  let meanStepMm = 0;
  let meanStepMs = 0;
  let bottomMm = null;
  let lastMs = performance.now();

  function place(element, view) {
    const layer = element.parentElement;
    const scale = layer.parentElement.clientWidth / view.width_mm;
    element.style.top = `${view.lo * scale}px`;
    element.style.height = `${(view.hi - view.lo) * scale}px`;
    element.style.left = `${(view.left ?? 0) * scale}px`;
    element.style.width = `${(view.right - (view.left ?? 0)) * scale}px`;
  }

  function layerOf(panel) {
    return panel.querySelector(".layer") ?? panel.appendChild(Object.assign(document.createElement("div"), { className: "layer" }));
  }

  function addTile(view) {
    const at = { lo: view.start_mm, hi: view.start_mm + view.length_mm, right: view.width_mm, width_mm: view.width_mm };
    const sources = [`/api/v1/frame.jpg?overlay=false&n=${view.number}`, `/api/v1/field.png?n=${view.number}`];
    const images = panels().map((panel, which) => {
      const image = Object.assign(new Image(), { src: sources[which], className: "tile", alt: "" });
      image.onerror = () => image.remove();
      image.onload = () => image.classList.add("there");
      layerOf(panel).append(image);
      return image;
    });
    tiles.push({ at, images });
    while (tiles.length > 8) tiles.shift().images.forEach((image) => image.remove());
  }

  function addBox(view, box) {
    const known = boxes.get(box.track_id);
    const at = {
      lo: box.belt_lo_mm, hi: box.belt_hi_mm, left: box.across_lo_mm - view.across_start_mm,
      right: box.across_hi_mm - view.across_start_mm, width_mm: view.width_mm,
    };
    const marks = known?.marks ?? panels().map((panel) => layerOf(panel).appendChild(document.createElement("div")));
    marks.forEach((mark) => { mark.className = `box ${box.verdict}${at.left > 0.62 * view.width_mm ? " far" : ""}`; });
    if (!known) marks[0].appendChild(document.createElement("span"));
    marks[0].firstChild.textContent = box.label;
    boxes.set(box.track_id, { at, marks });
  }

  function forget(beforeMm) {
    for (const [id, { at, marks }] of boxes) {
      if (at.hi < beforeMm) { marks.forEach((mark) => mark.remove()); boxes.delete(id); }
    }
  }

  function take(view) {
    const nowMs = performance.now();
    const endMm = view.start_mm + view.length_mm;
    const stepMm = newest ? endMm - newest.endMm : 0;
    const joined = newest !== null && stepMm >= 0 && stepMm <= view.length_mm;
    if (!joined) { while (tiles.length) tiles.shift().images.forEach((image) => image.remove()); forget(Infinity); }
    if (joined && stepMm > 0) {
      const weight = meanStepMs ? 0.15 : 1; // the two means apart: a mean of quotients would run ahead
      meanStepMm += weight * (stepMm - meanStepMm);
      meanStepMs += weight * (nowMs - newest.atMs - meanStepMs);
      paceMmPerMs = meanStepMm / Math.max(1, meanStepMs);
    }
    newest = { number: view.number, endMm, stepMm: joined ? stepMm : 0, atMs: nowMs };
    if (!joined) bottomMm = endMm;
    addTile(view);
    view.boxes.forEach((box) => addBox(view, box));
    forget(endMm - 4 * view.length_mm);
  }

  function draw(nowMs) {
    const passedMs = Math.min(100, nowMs - lastMs);
    lastMs = nowMs;
    if (newest && panels().every(Boolean)) {
      const aimMm = Math.min(newest.endMm, newest.endMm - BEHIND * newest.stepMm + paceMmPerMs * (nowMs - newest.atMs));
      const offMm = aimMm - bottomMm;
      if (Math.abs(offMm) > SNAP_MM) bottomMm = aimMm;
      else bottomMm = Math.min(newest.endMm, bottomMm + Math.max(0, paceMmPerMs * passedMs + (offMm * passedMs) / 600));
      scroll();
    }
    requestAnimationFrame(draw);
  }

  function scroll() {
    const width = panels()[0].clientWidth;
    for (const { at, images } of tiles) images.forEach((image) => image.isConnected && place(image, at));
    for (const { at, marks } of boxes.values()) marks.forEach((mark) => place(mark, at));
    const widthMm = tiles[0].at.width_mm;
    panels().forEach((panel) => {
      const heightMm = (panel.clientHeight / width) * widthMm;
      layerOf(panel).style.transform = `translateY(${-((bottomMm - heightMm) * width) / widthMm}px)`;
    });
  }

  async function poll() {
    let alive = true;
    try {
      const answer = await fetch(`/api/v1/view${newest ? `?after=${newest.number}` : ""}`, { cache: "no-store" });
      if (answer.status === 200) {
        const view = await answer.json();
        if (panels().every(Boolean) && view.number !== newest?.number) take(view);
      }
    } catch { alive = false; }
    setTimeout(poll, alive ? POLL_MS : 1000);
  }

  poll();
  requestAnimationFrame(draw);
})();
