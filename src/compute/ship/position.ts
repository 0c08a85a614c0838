/** 1-based line and column of an offset. */
export interface Position {
  readonly line: number
  readonly column: number
}

const starts = new WeakMap<object, readonly number[]>()

/** Where `offset` is in the text; the line starts are worked out once for each `source`. */
export function positionOf(source: { readonly text: string }, offset: number): Position {
  let lines = starts.get(source)
  if (!lines) starts.set(source, (lines = lineStarts(source.text)))
  let low = 0
  for (let high = lines.length - 1; low < high;) {
    const middle = (low + high + 1) >> 1
    if ((lines[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (lines[low] ?? 0) + 1 }
}

export function offsetOf(source: { readonly text: string }, line: number, column: number): number {
  let lines = starts.get(source)
  if (!lines) starts.set(source, (lines = lineStarts(source.text)))
  return (lines[line - 1] ?? 0) + column - 1
}

function lineStarts(text: string): readonly number[] {
  const lines = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines.push(at + 1)
  return lines
}
