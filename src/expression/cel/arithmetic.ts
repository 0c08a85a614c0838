import { EvaluationError, Uint } from './values.ts'

const INT_MAX = (1n << 63n) - 1n
const INT_MIN = -(1n << 63n)
const UINT_MAX = (1n << 64n) - 1n

export function int(value: bigint): bigint {
  if (value > INT_MAX || value < INT_MIN) throw new EvaluationError('integer overflow')
  return value
}

export function uint(value: bigint): Uint {
  if (value > UINT_MAX || value < 0n) throw new EvaluationError('unsigned integer overflow')
  return new Uint(value)
}

export function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new EvaluationError('division by zero')
  return int(a / b)
}

export function modulo(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new EvaluationError('modulus by zero')
  return a % b
}

export function toInt(value: number): bigint {
  if (!Number.isFinite(value) || value >= 2 ** 63 || value <= -(2 ** 63)) throw new EvaluationError('integer overflow')
  return BigInt(Math.trunc(value))
}

export function toUint(value: number): Uint {
  if (!Number.isFinite(value) || value >= 2 ** 64 || value < 0) throw new EvaluationError('unsigned integer overflow')
  return new Uint(BigInt(Math.trunc(value)))
}

/** A number as Go's `%g` of full precision prints it. */
export function formatDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)))
  if (exponent >= -4 && exponent < 21) return Object.is(value, -0) ? '-0' : String(value)
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')
}
