// A small accessibility audit without a library, to run inside a page.

/** Runs in the page: names of controls, landmarks, one h1, and the contrast of every text that is shown. */
export function auditInPage() {
  const faults = [];
  const shown = (e) => e.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && e.getClientRects().length > 0;
  if (document.querySelectorAll('main').length !== 1 || !document.querySelector('header') || !document.querySelector('nav[aria-label]')) faults.push('landmarks');
  if (document.querySelectorAll('h1').length !== 1) faults.push(`${document.querySelectorAll('h1').length} h1`);
  for (const e of document.querySelectorAll('button, a[href], input, select')) {
    const name = e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim() || e.getAttribute('title');
    if (shown(e) && !name) faults.push(`no name: ${e.outerHTML.slice(0, 90)}`);
  }
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const over = (top, ground) => [0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3]));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const told = new Set();
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(e) || e.closest('.sr-only, .pad, [disabled], .skip, option, noscript')) continue;
    let ground = [0, 0, 0];
    let faded = 1;
    const chain = [];
    for (let p = e; p; p = p.parentElement) chain.unshift(p);
    for (const p of chain) {
      const style = getComputedStyle(p);
      if (style.backgroundImage !== 'none') faded = -1;
      ground = over(rgba(style.backgroundColor), ground);
      if (faded > 0) faded *= Number(style.opacity);
    }
    if (faded < 0) continue; // On a gradient the text is a sign, and its cell has a name.
    const color = rgba(getComputedStyle(e).color);
    color[3] *= faded;
    const [a, b] = [luminance(over(color, ground)), luminance(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const key = `${e.className}|${getComputedStyle(e).color}`;
    if (ratio < 4.5 && !told.has(key)) {
      told.add(key);
      faults.push(`contrast ${ratio.toFixed(2)}: “${walker.currentNode.data.trim().slice(0, 30)}” in ${e.tagName}.${e.className}`);
    }
  }
  return faults;
}
