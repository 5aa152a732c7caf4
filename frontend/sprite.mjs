// Joins hand-picked icons into one SVG sprite on stdout: node sprite.mjs <lucide icons> <simple-icons> <list of names>
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const [lucide, simple, list] = process.argv.slice(2);
const BRANDS = ['whatsapp', 'telegram', 'facebook', 'instagram'];

const names = readFileSync(list, 'utf8')
  .split('\n')
  .map((line) => line.trim())
  .filter((line) => line && !line.startsWith('#'));

const inner = (svg) => svg.replace(/<!--[\s\S]*?-->/g, '').replace(/^[\s\S]*?<svg[^>]*>/, '').replace(/<title>.*?<\/title>/, '')
  .replace(/<\/svg>\s*$/, '').replace(/\s*\n\s*/g, '');

const outlined = names.map((name) =>
  `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round"`
  + ` stroke-linejoin="round">${inner(readFileSync(join(lucide, `${name}.svg`), 'utf8'))}</symbol>`);

const filled = BRANDS.map((name) =>
  `<symbol id="brand-${name}" viewBox="0 0 24 24" fill="currentColor">`
  + `${inner(readFileSync(join(simple, `${name}.svg`), 'utf8'))}</symbol>`);

process.stdout.write(
  `<svg xmlns="http://www.w3.org/2000/svg">\n${[...outlined, ...filled].join('\n')}\n</svg>\n`);
