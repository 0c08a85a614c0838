/**
 * A stack without the frames below the user's own: those of the worker program and of Node that called it. Shipped code
 * runs under the names and positions of the user's files, so the frames that stay need no mapping. `files` are those of
 * the function's code (`ShippedCode.file`); a stack with none of them stays whole.
 */
export function userStack(stack: string, files: ReadonlySet<string>): string {
  const lines = stack.split('\n')
  const last = lines.findLastIndex((line) => isFrameOf(line, files))
  return last < 0 ? stack : lines.slice(0, last + 1).join('\n')
}

function isFrameOf(line: string, files: ReadonlySet<string>): boolean {
  const file = /^\s+at (?:async |.*\()?(.+):\d+:\d+\)?$/.exec(line)?.[1]
  return file !== undefined && files.has(file)
}
