import fc from 'fast-check';

/** Pieces that go wrong in terminals: wide, combining, joined, right to left, control characters, half characters. */
const awkward = [
  '汉字',
  'ｗｉｄｅ',
  'e\u0301',
  '\u0301',
  '\u05b0',
  '👨‍👩‍👧',
  '🇩🇪',
  '❤️',
  '\u200d',
  '\u200b',
  '\ufeff',
  '\u202e',
  '\u00ad',
  'กำ',
  'क्षि',
  '한',
  '\ud83d',
  '\u001b[31m',
  '\u001b]0;x\u0007',
  '\n',
  '\t',
  '\u0085',
  '\u2028',
  ' ',
  '   ',
  '\u00a0',
  'naïve',
  'Ĉapelo',
  '─│●…',
];

/** Texts that a stranger might write. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc
    .array(fc.oneof(fc.constantFrom(...awkward), fc.string({ maxLength: 6 })), { maxLength: 12 })
    .map((pieces) => pieces.join('')),
);

/** Some of them longer than a whole screen is wide. */
export const anyReason: fc.Arbitrary<string> = fc.oneof(
  anyText,
  fc.array(anyText, { maxLength: 12 }).map((words) => words.join(' ')),
  fc.integer({ min: 1, max: 400 }).map((length) => 'reason'.repeat(length).slice(0, length)),
);
