// What is measured inside the browser. Each function is sent there whole, so none uses another.

/** Texts that overlap, leave the drawing or do not stand out, and shapes that leave it. */
function checkChart({ svg, family }) {
  const parsed = new DOMParser().parseFromString(svg, "image/svg+xml");
  if (parsed.querySelector("parsererror")) return ["it is no well-formed SVG"];
  const root = document.importNode(parsed.documentElement, true);
  for (const text of root.querySelectorAll("text")) text.setAttribute("font-family", family);
  const main = document.querySelector("main");
  main.replaceChildren(root);
  const found = [];
  const outer = root.getBoundingClientRect();
  const leaves = ({ left, right, top, bottom }, slack) =>
    left < outer.left - slack || right > outer.right + slack || top < outer.top - slack || bottom > outer.bottom + slack;

  const texts = [...root.querySelectorAll("text")].filter((it) => it.textContent.trim() !== "");
  if (texts.length === 0) found.push("it has no text");
  // The box of a line has room above and below its letters.
  const ROOM = 0.14;
  const boxes = texts.map((text) => {
    const { left, right, top, bottom, height } = text.getBoundingClientRect();
    return { name: text.textContent.trim(), left, right, top: top + ROOM * height, bottom: bottom - ROOM * height };
  });
  boxes.forEach((one, index) => {
    if (leaves(one, 0.5)) found.push(`\`${one.name}\` leaves the drawing`);
    for (const other of boxes.slice(0, index)) {
      const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
      const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
      if (width > 0.5 && height > 0.5) found.push(`\`${one.name}\` covers \`${other.name}\``);
    }
  });
  for (const shape of root.querySelectorAll("rect, circle, polyline, polygon, path, line")) {
    if (!shape.closest("[fill-opacity='0'], defs") && leaves(shape.getBoundingClientRect(), 1.5)) {
      found.push(`a ${shape.localName} leaves the drawing`);
    }
  }

  // Contrast of WCAG 2 against all that is painted below a text.
  const channels = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  const luminance = (rgb) => rgb
    .map((it) => it / 255)
    .map((it) => (it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4))
    .reduce((sum, it, index) => sum + it * [0.2126, 0.7152, 0.0722][index], 0);
  const shapes = [...root.querySelectorAll("rect, text")];
  const filled = shapes.map((it) => it.getBoundingClientRect());
  texts.forEach((text, index) => {
    const [x, y] = [(boxes[index].left + boxes[index].right) / 2, (boxes[index].top + boxes[index].bottom) / 2];
    let behind = [255, 255, 255];
    for (let at = 0; shapes[at] !== text; at += 1) {
      const { left, right, top, bottom } = filled[at];
      const fill = shapes[at].getAttribute("fill") ?? "";
      if (shapes[at].localName !== "rect" || !fill.startsWith("#") || x < left || x > right || y < top || y > bottom) continue;
      const share = Number(shapes[at].getAttribute("opacity") ?? 1);
      behind = channels(fill).map((it, channel) => it * share + behind[channel] * (1 - share));
    }
    const [a, b] = [luminance(channels(text.getAttribute("fill"))), luminance(behind)];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(`\`${boxes[index].name}\` has a contrast of ${contrast.toFixed(2)}`);
  });
  return found;
}

/** Texts of a page's drawings that overlap as the page shows them. */
function checkTexts() {
  const found = [];
  for (const root of document.querySelectorAll("figure svg")) {
    const boxes = [...root.querySelectorAll("text")].filter((it) => it.textContent.trim() !== "").map((text) => {
      const { left, right, top, bottom, height } = text.getBoundingClientRect();
      return { name: text.textContent.trim(), left, right, top: top + 0.14 * height, bottom: bottom - 0.14 * height };
    });
    boxes.forEach((one, index) => {
      for (const other of boxes.slice(0, index)) {
        const width = Math.min(one.right, other.right) - Math.max(one.left, other.left);
        const height = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
        if (width > 0.5 && height > 0.5) found.push(`\`${one.name}\` covers \`${other.name}\``);
      }
    });
  }
  return found;
}

module.exports = { checkChart, checkTexts };
