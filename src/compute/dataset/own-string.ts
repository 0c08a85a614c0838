/** Shorter substrings are copies in V8; longer ones point into the text that they were cut from and keep it alive. */
const SHORTEST_SLICE = 13

/** `text` in memory of its own, so that keeping it does not keep the block of a file from which it was cut. */
export function ownString(text: string): string {
  if (text.length < SHORTEST_SLICE) return text
  const latin1 = Buffer.from(text, 'latin1').toString('latin1')
  return latin1 === text ? latin1 : Buffer.from(text, 'utf16le').toString('utf16le')
}
