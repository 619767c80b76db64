// What stands in a PDF: its words, and the QR code on its first page.
import { execFileSync } from 'node:child_process';
import jsQR from 'jsqr';

/** The words of a PDF in reading order. */
export const pdfText = (bytes) => execFileSync('pdftotext', ['-layout', '-', '-'], { input: bytes, encoding: 'utf8' });

/** What the QR code on the first page says; null when there is none. */
export function qrOf(bytes) {
  const pgm = execFileSync('pdftoppm', ['-gray', '-r', '150', '-f', '1', '-l', '1', '-'], { input: bytes, maxBuffer: 64 << 20 });
  const [head, width, height] = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(pgm.subarray(0, 40).toString('latin1'));
  const rgba = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < width * height; i++) rgba.fill(pgm[head.length + i], i * 4, i * 4 + 3).fill(255, i * 4 + 3, i * 4 + 4);
  return jsQR(rgba, Number(width), Number(height))?.data ?? null;
}

/** The words of a PDF cell after cell, blanks and line ends as one blank each. */
export const pdfWords = (bytes) => execFileSync('pdftotext', ['-raw', '-', '-'], { input: bytes, encoding: 'utf8' }).replace(/\s+/g, ' ');
