// Runs in the page: draws its Mermaid blocks as GitHub does, and finds what a reader couldn't read.

// Contrast that WCAG 2 asks of parts of a graphic (1.4.11).
const CONTRAST_MIN = 3;
// Pixels that a text may reach over its bounds: fonts are measured in whole pixels here and there.
const SLACK = 1;
// Pixels: what is written smaller is a smear on a telephone.
const TEXT_MIN = 9;

const inside = (inner, outer) =>
  inner.left >= outer.left - SLACK && inner.right <= outer.right + SLACK &&
  inner.top >= outer.top - SLACK && inner.bottom <= outer.bottom + SLACK;
const apart = (a, b) =>
  a.right <= b.left + SLACK || b.right <= a.left + SLACK ||
  a.bottom <= b.top + SLACK || b.bottom <= a.top + SLACK;

// Red, green and blue of a colour in any notation, over what lies under it.
function channels(colour, under = [255, 255, 255]) {
  const context = document.createElement('canvas').getContext('2d');
  context.fillStyle = `rgb(${under})`;
  context.fillRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// `source` has rows `line [1, 2, …]`: each is a line in the drawing, with all its points, and can be
// told from the ground.
function lineProblems(svg, source) {
  const rows = [...source.matchAll(/^\s*line\b[^[\n]*\[(.*)\]/gm)].map((row) => row[1].split(',').length);
  const lines = [...svg.querySelectorAll('[class^="line-plot"] path')];
  if (lines.length !== rows.length) return [`${lines.length} lines are drawn of ${rows.length}`];
  const page = channels(getComputedStyle(document.body).backgroundColor);
  const ground = svg.querySelector('rect.background');
  const under = ground ? channels(getComputedStyle(ground).fill, page) : page;
  return lines.flatMap((line, index) => {
    const found = [];
    const points = line.getAttribute('d').split(/[ML]/).length - 1;
    if (points !== rows[index]) found.push(`line ${index + 1} has ${points} points of ${rows[index]}`);
    const stroke = getComputedStyle(line).stroke;
    const ratio = contrast(channels(stroke, under), under);
    if (ratio < CONTRAST_MIN) {
      found.push(`line ${index + 1}, ${stroke} on rgb(${under}), has a contrast of ${ratio.toFixed(1)}, less than ${CONTRAST_MIN}`);
    }
    return found;
  });
}

function textProblems(svg) {
  const found = [];
  const box = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll('text')].filter((text) => text.textContent.trim());
  if (!texts.length) found.push('the drawing has no text');
  // A text that stands on its head has its scale elsewhere in the matrix.
  const scale = (text) => Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b);
  texts.forEach((text, index) => {
    const words = `"${text.textContent.trim()}"`;
    const place = text.getBoundingClientRect();
    if (!place.width || !place.height) found.push(`${words} has no size`);
    if (!inside(place, box)) found.push(`${words} is cut off at the edge of the drawing`);
    const pixels = parseFloat(getComputedStyle(text).fontSize) * scale(text);
    if (pixels < TEXT_MIN) found.push(`${words} is ${pixels.toFixed(1)} px high, less than ${TEXT_MIN}`);
    for (const other of texts.slice(index + 1)) {
      if (!apart(place, other.getBoundingClientRect())) found.push(`${words} lies over "${other.textContent.trim()}"`);
    }
  });
  return found;
}

async function draw(block, id) {
  const source = block.textContent;
  let drawing;
  try {
    drawing = await mermaid.render(id, source);
  } catch (error) {
    return [`Mermaid refuses the block: ${error?.message ?? error}`];
  }
  block.innerHTML = drawing.svg;
  const svg = block.querySelector('svg');
  if (!svg) return ['there is no drawing where there is a block'];
  if (svg.getAttribute('aria-roledescription') === 'error' || svg.querySelector('.error-icon')) {
    return [`Mermaid draws its picture of an error: ${svg.textContent.trim()}`];
  }
  const { width, height } = svg.getBoundingClientRect();
  if (width < 1 || height < 1) return [`the drawing is ${width} × ${height} px`];
  return [...lineProblems(svg, source), ...textProblems(svg)];
}

// What is wrong with the page, one sentence each.
async function drawPage() {
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  mermaid.initialize({ startOnLoad: false, securityLevel: 'strict', theme: dark ? 'dark' : 'default' });
  await document.fonts.ready;
  const found = [];
  for (const [index, block] of [...document.querySelectorAll('div.drawing')].entries()) {
    found.push(...await draw(block, `drawing-${index}`));
  }
  if (document.documentElement.scrollWidth > innerWidth) {
    found.push(`the page is ${document.documentElement.scrollWidth} px wide, and ${innerWidth} are to be seen`);
  }
  return found;
}
