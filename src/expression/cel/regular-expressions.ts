import { RE2JS } from 're2js'
import { EvaluationError } from './values.ts'

/** How many compiled patterns are kept; the least recently made go first. */
const MAX_PATTERNS = 1_000
const compiled = new Map<string, RE2JS>()

/** A pattern in Go's syntax, matched in time linear in the text. Throws an EvaluationError for one that cannot be read. */
export function patternOf(text: string): RE2JS {
  let pattern = compiled.get(text)
  if (pattern === undefined) {
    try {
      pattern = RE2JS.compile(text)
    } catch (error) {
      throw new EvaluationError(error instanceof Error ? error.message : String(error))
    }
    if (compiled.size >= MAX_PATTERNS) compiled.delete(compiled.keys().next().value ?? '')
    compiled.set(text, pattern)
  }
  return pattern
}

export function matches(text: string, pattern: string): boolean {
  return patternOf(pattern).matcher(text).find()
}

/** What of the text matches, in order; at most `limit` of them where it is not negative. */
export function findAll(text: string, pattern: string, limit: number): readonly string[] {
  const matcher = patternOf(pattern).matcher(text)
  const found: string[] = []
  while ((limit < 0 || found.length < limit) && matcher.find()) found.push(matcher.group() ?? '')
  return found
}
