/** Text as the content or an attribute of an SVG element. Characters that XML cannot carry become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\ufffe\uffff]/gu, (c) => (/[\t\n\r]/.test(c) ? ' ' : '\ufffd'))
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** An element with attributes; `children` are elements, or text that was escaped. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly string[]
): string {
  const given = Object.entries(attributes)
    .map(
      ([key, value]) => ` ${key}="${escapeXml(typeof value === 'number' ? short(value) : value)}"`,
    )
    .join('')
  return children.length === 0
    ? `<${name}${given}/>`
    : `<${name}${given}>${children.join('')}</${name}>`
}

/** Text at a place. */
export function text(
  x: number,
  y: number,
  content: string,
  attributes: Readonly<Record<string, string | number>> = {},
): string {
  return element('text', { x, y, ...attributes }, escapeXml(content))
}

/** How many colours there are; series beyond begin anew. */
export const COLOURS = 8

/**
 * A picture of its own: no script, no font, no reference to anything outside. Colours follow the reader's light or dark
 * scheme; those of the series are told apart on both, also by readers who see fewer colours (Okabe and Ito).
 */
export function picture(
  width: number,
  height: number,
  title: string,
  children: readonly string[],
): string {
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${short(width)} ${short(height)}`,
      width,
      height,
      role: 'img',
      'aria-label': title,
    },
    '\n',
    element('title', {}, escapeXml(title)),
    '\n',
    element('style', {}, STYLE),
    '\n',
    element('rect', { class: 'back', width, height }),
    '\n',
    text(16, 26, title, { class: 'title' }),
    '\n',
    children.join('\n'),
    '\n',
  )}\n`
}

/** Colours of one scheme, without CSS variables: not everything that shows SVG knows them. */
function scheme([back, ink, soft, grid]: readonly string[], series: readonly string[]): string {
  return [
    `.back{fill:${back}}text{fill:${ink}}.soft{fill:${soft}}`,
    `.grid{stroke:${grid}}.whisker{stroke:${ink}}`,
    ...series.map((colour, i) => `.line.s${i}{stroke:${colour}}.bar.s${i}{fill:${colour}}`),
  ].join('')
}

const LIGHT = scheme(
  ['#ffffff', '#222222', '#666666', '#dddddd'],
  ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b58900', '#3a9bd9', '#6b4fbb', '#555555'],
)
const DARK = scheme(
  ['#16181d', '#e6e6e6', '#a0a4ab', '#353a42'],
  ['#4aa8e0', '#ff8a3d', '#2fc99a', '#e79bc6', '#e0b93b', '#8ecbf0', '#a48ff0', '#bbbbbb'],
)
const STYLE = [
  'svg{font:12px system-ui,sans-serif}.title{font-size:15px;font-weight:600}',
  '.grid{stroke-width:1}.whisker{stroke-width:1.5}',
  '.line{fill:none;stroke-width:2;stroke-linejoin:round}',
  LIGHT,
  `@media(prefers-color-scheme:dark){${DARK}}`,
].join('')

function short(value: number): string {
  return String(Math.round(value * 100) / 100)
}
