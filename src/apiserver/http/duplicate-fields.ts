/**
 * The paths of keys that stand twice in one object of a JSON text, such as `metadata.name`, in the order of their second
 * appearance. `JSON.parse` keeps the last one in silence; Kubernetes warns, or refuses under strict field validation.
 * The text must be valid JSON.
 */
export function duplicateFields(json: string): readonly string[] {
  const found: string[] = []
  const stack: Frame[] = []
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = stringAt(json, at, stack.at(-1), () => report(stack, found))
    else if (code === OPEN_OBJECT) stack.push({ keys: new Set(), current: '', expectsKey: true, index: -1 })
    else if (code === OPEN_ARRAY) stack.push({ keys: undefined, current: '', expectsKey: false, index: 0 })
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) stack.pop()
    else if (code === COMMA) nextOf(stack.at(-1))
  }
  return found
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]

interface Frame {
  /** Of an object; absent for an array. */
  readonly keys: Set<string> | undefined
  current: string
  expectsKey: boolean
  index: number
}

function nextOf(frame: Frame | undefined): void {
  if (frame === undefined) return
  frame.expectsKey = frame.keys !== undefined
  frame.index++
}

/** Reads the string that starts at `start` and gives the position of its closing quote. */
function stringAt(json: string, start: number, frame: Frame | undefined, onDuplicate: () => void): number {
  let end = start + 1
  while (end < json.length && json.charCodeAt(end) !== QUOTE) end += json.charCodeAt(end) === BACKSLASH ? 2 : 1
  if (frame?.expectsKey !== true || frame.keys === undefined) return end
  frame.expectsKey = false
  frame.current = json.slice(start + 1, end)
  if (frame.keys.has(frame.current)) onDuplicate()
  frame.keys.add(frame.current)
  return end
}

function report(stack: readonly Frame[], found: string[]): void {
  const path = stack.map((frame) => (frame.keys === undefined ? `[${frame.index}]` : `.${frame.current}`)).join('')
  found.push(path.slice(1))
}
