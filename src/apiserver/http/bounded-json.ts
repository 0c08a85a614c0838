import { parseExactJson, parseWrittenJson } from '../../api/meta/big-integers.ts'
import { apiError } from '../../api/meta/status.ts'

/** Deeper values are refused: whoever walks one does so recursively. */
export const MAX_JSON_DEPTH = 1_000
/** A body with more values and fields than this is refused, whatever its size. */
export const MAX_JSON_VALUES = 250_000

/**
 * `JSON.parse` within bounds, for what clients send. Throws its SyntaxError, and BadRequest or RequestEntityTooLarge where the
 * value is too deep, has too many parts, or has a number of too large an exponent. Integers between 2^53 and 2^63 are
 * bigints; with `asWritten`, numbers whose texts say more than their values are kept as those.
 */
export function parseBoundedJson(text: string, asWritten = false): unknown {
  // First, so that the checks may take it for valid.
  const value: unknown = HALF_OF_A_PAIR.test(text) ? JSON.parse(text, wellFormed) : JSON.parse(text)
  if (!checkBounds(text)) return value
  return asWritten ? parseWrittenJson(text) : parseExactJson(text)
}

/** What may be half of a character, which Go replaces where the other half is missing. */
const HALF_OF_A_PAIR = /\\u[dD][89a-fA-F]/

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value
}

const [QUOTE, BACKSLASH, COMMA, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x2d, 0x30, 0x39]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Whether there may be numbers that are read otherwise: long ones, and those with a fraction or an exponent. */
function checkBounds(json: string): boolean {
  let depth = 0
  let isSpecial = false
  let values = 0
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = endOfString(json, at)
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      values++
      if (++depth > MAX_JSON_DEPTH) throw apiError('BadRequest', 'json: exceeded max depth')
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth--
    else if (code === COMMA) values++
    else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = checkNumber(json, at)
      isSpecial ||= end < 0 || end - at >= SAFE_DIGITS
      at = Math.abs(end)
    }
  }
  if (values > MAX_JSON_VALUES) throw tooMany(values)
  return isSpecial
}

/** Integers of no more digits are doubles. */
const SAFE_DIGITS = 15

function tooMany(values: number) {
  return apiError(
    'RequestEntityTooLarge',
    `Request entity has ${values} fields and values: limit is ${MAX_JSON_VALUES}`,
  )
}

function endOfString(json: string, start: number): number {
  let end = start + 1
  for (let code = json.charCodeAt(end); code !== QUOTE && end < json.length; code = json.charCodeAt(end))
    end += code === BACKSLASH ? 2 : 1
  return end
}

/** Short integers are finite. */
const CERTAINLY_FINE = 300

/** Looks at the number that starts at `start` and gives the position of its last character, negative where it is no plain integer. */
function checkNumber(json: string, start: number): number {
  let end = start + 1
  let isPlain = true
  for (let code = json.charCodeAt(end); isPartOfNumber(code); code = json.charCodeAt(++end)) {
    if (code < ZERO || code > NINE) isPlain = false
  }
  if (isPlain && end - start <= CERTAINLY_FINE) return end - 1
  const text = json.slice(start, end)
  if (!Number.isFinite(Number(text)))
    throw apiError('BadRequest', `json: cannot unmarshal number ${text.slice(0, 100)} into Go value of type float64`)
  return 1 - end
}

function isPartOfNumber(code: number): boolean {
  return (
    (code >= ZERO && code <= NINE) || code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS
  )
}

/** The same bounds for a value that came in another form than JSON, such as YAML. */
export function checkValue(value: unknown): void {
  let values = 0
  const visit = (part: unknown, depth: number): void => {
    if (typeof part === 'number' && !Number.isFinite(part)) {
      throw apiError('BadRequest', `json: unsupported value: ${part}`)
    }
    if (typeof part !== 'object' || part === null) return
    if (depth > MAX_JSON_DEPTH) throw apiError('BadRequest', 'json: exceeded max depth')
    for (const each of Object.values(part)) {
      if (++values > MAX_JSON_VALUES) throw tooMany(values)
      visit(each, depth + 1)
    }
  }
  visit(value, 1)
}
