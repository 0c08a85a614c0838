import path from 'node:path'
import type { Patch, Reference } from '../wire/captured.ts'
import { positionOf } from './position.ts'
import { ShipError } from './ship-error.ts'
import type { ShipErrorCode } from './ship-error.ts'
import type { SourceFile } from './site.ts'

/** Where in the user's source a value was captured, and where in that value we are; names it when it is refused. */
export interface Place {
  readonly name: string
  readonly source: SourceFile | undefined
  readonly offset: number
  readonly parent?: Place
  /** The way from the parent to here, as it would be written: `.pool`, `[3]`, `.get("a")`. */
  readonly step?: string
}

/** The values of a capture under way. */
export interface ValueState {
  readonly references: Reference[]
  readonly patches: Patch[]
  /** Copies by original, so that identity and circles survive. */
  readonly copies: Map<object, unknown>
  /** The index of the reference that stands for this value; nothing for values that are copied. */
  refer(value: object, place: Place): number | undefined
}

export const within = (parent: Place, step: string): Place => ({ ...parent, parent, step })

export const steps = (key: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${/^\d+$/.test(key) ? key : JSON.stringify(key)}]`

export function refusal(
  code: ShipErrorCode,
  place: Place,
  why: string,
  hint: string,
  isCapture = true,
  cause?: unknown,
): ShipError {
  let whole = ''
  let at: Place | undefined = place
  for (; at?.parent; at = at.parent) whole = at.step + whole
  const { line, column } = place.source ? positionOf(place.source, place.offset) : { line: 0, column: 0 }
  const file = place.source?.file ?? ''
  const facts = { name: place.name, path: place.name + whole, file, line, column }
  const where = place.source ? `${isCapture ? ', captured' : ''} at ${shortFile(file)}:${line}:${column}` : ''
  return new ShipError(code, facts, why + where, hint, cause)
}

/** The file as seen from the working directory, where it is below that. */
export function shortFile(file: string): string {
  const relative = path.relative(process.cwd(), file)
  return path.isAbsolute(file) && !relative.startsWith('..') ? relative : file
}
