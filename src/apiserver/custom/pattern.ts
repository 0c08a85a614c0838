import { RE2JS } from 're2js'

/** Patterns that have been compiled; the least recently made go first. */
const MAX_PATTERNS = 1_000
const compiled = new Map<string, RE2JS | undefined>()

/**
 * Whether `text` has a match of `pattern`, in Go's syntax and in time linear in its length: a definition's author must
 * not be able to make the server hang. A pattern that cannot be read matches everything; creating one is refused.
 */
export function matches(pattern: string, text: string): boolean {
  if (!compiled.has(pattern)) {
    if (compiled.size >= MAX_PATTERNS) compiled.delete(compiled.keys().next().value ?? '')
    compiled.set(pattern, compile(pattern))
  }
  return compiled.get(pattern)?.matcher(text).find() ?? true
}

function compile(pattern: string): RE2JS | undefined {
  try {
    return RE2JS.compile(pattern)
  } catch {
    return undefined
  }
}

/** What is wrong with a pattern; undefined where nothing is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
