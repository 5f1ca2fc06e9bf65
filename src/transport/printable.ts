/** Text from the other end of a link as one printable line of at most `charactersMax`. */
export function printable(text: string, charactersMax: number): string {
  const line = text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[^\x20-\x7e\u00a0-\uffff]/g, '?')
    .trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 3)}...` : line;
}

/** `text` as UTF-8 in at most `bytesMax` bytes.  */
export function cutToBytes(text: string, bytesMax: number): string {
  let cut = text.slice(0, bytesMax);
  while (Buffer.byteLength(cut) > bytesMax) {
    cut = cut.slice(0, -1);
  }
  return cut;
}
