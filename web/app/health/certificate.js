// What a day's certificate amounts to: one verdict, its sign and its words.

/** Verdicts from best to worst; each has its own glyph, so that colour is never the only sign. */
export const VERDICTS = {
  complete: { word: 'complete', glyph: '' },
  repaired: { word: 'repaired', glyph: '+' },
  partial: { word: 'today, so far complete', glyph: '·' },
  none: { word: 'no data', glyph: '' },
  different: { word: 'differs from the venue', glyph: '≠' },
  unfillable: { word: 'hole that cannot be filled', glyph: '×' },
  open: { word: 'hole, being filled', glyph: '!' },
};

/** Ids in a missing range, or null when they are not numbers. */
export function missingIds({ from, to }) {
  try {
    return BigInt(to) - BigInt(from) + 1n;
  } catch {
    return null;
  }
}

/** The verdict on a certificate; `today` is the UTC day that is still running. */
export function verdict(certificate, today) {
  if (!certificate || !certificate.count) return certificate?.missing?.some((m) => m.state === 'found') ? 'open' : 'none';
  const states = new Set((certificate.missing ?? []).map((m) => m.state));
  if (states.has('found')) return 'open';
  if (states.has('unfillable')) return 'unfillable';
  if (certificate.reconciled?.different > 0) return 'different';
  if (states.has('filled')) return 'repaired';
  return certificate.date === today ? 'partial' : 'complete';
}

/** `2026-11-20 UTC: repaired; 1 range, 694 trades` for titles and screen readers. */
export function describe(date, certificate, today) {
  const kind = verdict(certificate, today);
  const parts = [`${date} UTC: ${VERDICTS[kind].word}`];
  if (certificate?.count) parts.push(`${Number(certificate.count).toLocaleString('en')} trades`);
  const n = certificate?.missing?.length ?? 0;
  if (n) parts.push(`${n} ${n === 1 ? 'range' : 'ranges'} missing or repaired`);
  return parts.join('; ');
}
