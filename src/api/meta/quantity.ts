/**
 * A quantity such as `500m` or `1.5Gi`, exact: `value` times ten to the power `-9`. Kubernetes keeps no finer steps; what
 * is finer is rounded up, as it does.
 */
export interface Quantity {
  readonly nanos: bigint
  readonly format: 'DecimalSI' | 'BinarySI' | 'DecimalExponent'
}

const NANO = 1_000_000_000n
const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei']
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const PATTERN = /^([+-]?)(\d+\.?\d*|\.\d+)(?:(Ki|Mi|Gi|Ti|Pi|Ei)|([numkMGTPE]?)|[eE]([+-]?\d+))$/

/** Parses a quantity, or gives undefined where the text is none. */
export function parseQuantity(text: string | number): Quantity | undefined {
  const match = PATTERN.exec(String(text))
  if (match === null) return undefined
  const [, sign, digits = '', binary, decimal, exponent] = match
  const [whole = '', fraction = ''] = digits.split('.')
  const unscaled = BigInt(whole + fraction)
  const power = exponent === undefined ? (DECIMAL[decimal ?? ''] ?? 0) : Number(exponent)
  if (Math.abs(power) > 1000) return undefined
  const base = binary === undefined ? 1n : 1024n ** BigInt(BINARY.indexOf(binary))
  const exact = scaled(unscaled * base, power + 9 - fraction.length)
  const nanos = binary !== undefined && exact > MOST_BINARY ? MOST_BINARY : exact
  const format = binary !== undefined ? 'BinarySI' : exponent !== undefined ? 'DecimalExponent' : 'DecimalSI'
  return { nanos: sign === '-' ? -nanos : nanos, format }
}

/** Binary amounts are capped at 64 bits. */
const MOST_BINARY = (2n ** 63n - 1n) * NANO

/** `value` times ten to `power`, rounded away from zero. */
function scaled(value: bigint, power: number): bigint {
  if (power >= 0) return value * 10n ** BigInt(power)
  const divisor = 10n ** BigInt(-power)
  return (value + divisor - 1n) / divisor
}

/** As Kubernetes writes it: the largest suffix with which no fraction is left. */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const sign = nanos < 0n ? '-' : ''
  const size = nanos < 0n ? -nanos : nanos
  if (format === 'BinarySI' && size % NANO === 0n && size / NANO >= 1024n) return sign + formatBinary(size / NANO)
  return sign + formatDecimal(size, format === 'DecimalExponent')
}

function formatBinary(whole: bigint): string {
  let rest = whole
  let power = 0
  while (rest % 1024n === 0n && power < BINARY.length - 1) {
    rest /= 1024n
    power++
  }
  return `${rest}${BINARY[power]}`
}

const SUFFIXES = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E']

function formatDecimal(nanos: bigint, asExponent: boolean): string {
  let rest = nanos
  let step = 0
  // Exponents have no end as suffixes have.
  while (rest % 1000n === 0n && (asExponent || step < SUFFIXES.length - 1)) {
    rest /= 1000n
    step++
  }
  if (!asExponent) return `${rest}${SUFFIXES[step]}`
  return step === 3 ? `${rest}` : `${rest}e${(step - 3) * 3}`
}

const canonical = new Map<string, string>()
const CANONICAL_LIMIT = 4096

/** The canonical text of a quantity's text, or undefined where it is none. The last few thousand are remembered. */
export function canonicalQuantity(text: string): string | undefined {
  const known = canonical.get(text)
  if (known !== undefined) return known
  const parsed = parseQuantity(text)
  if (parsed === undefined) return undefined
  const result = formatQuantity(parsed)
  if (canonical.size >= CANONICAL_LIMIT) canonical.clear()
  canonical.set(text, result)
  return result
}

const [NANOS, MICROS] = ['n'.charCodeAt(0), 'u'.charCodeAt(0)]
const MILLI = 1_000_000n

/** An amount of a resource, canonical already: what is finer than thousandths is rounded up to them, away from zero. */
export function resourceAmount(canonicalText: string): string {
  const last = canonicalText.charCodeAt(canonicalText.length - 1)
  if (last !== NANOS && last !== MICROS) return canonicalText
  const { nanos, format } = mustParse(canonicalText)
  const size = nanos < 0n ? -nanos : nanos
  const rounded = ceilDivide(size, MILLI) * MILLI
  return formatQuantity({ nanos: nanos < 0n ? -rounded : rounded, format })
}

/** Negative, zero or positive as `a` is less than, equal to or more than `b`. Both must be quantities. */
export function compareQuantities(a: string | number, b: string | number): number {
  const difference = nanosOf(a) - nanosOf(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The sum, in the format of the first that is not zero. */
export function addQuantities(a: string | number, b: string | number): string {
  const [left, right] = [mustParse(a), mustParse(b)]
  return formatQuantity({ nanos: left.nanos + right.nanos, format: left.nanos === 0n ? right.format : left.format })
}

export function subtractQuantities(a: string | number, b: string | number): string {
  const [left, right] = [mustParse(a), mustParse(b)]
  return formatQuantity({ nanos: left.nanos - right.nanos, format: left.nanos === 0n ? right.format : left.format })
}

/** Whole units, rounded up: bytes of memory, pods. */
export function wholeOf(quantity: string | number): number {
  return Number(ceilDivide(nanosOf(quantity), NANO))
}

/** Thousandths, rounded up: CPUs. */
export function milliOf(quantity: string | number): number {
  return Number(ceilDivide(nanosOf(quantity), 1_000_000n))
}

function ceilDivide(value: bigint, divisor: bigint): bigint {
  return value <= 0n ? value / divisor : (value + divisor - 1n) / divisor
}

/** Whether it is a whole number of units. */
export const isWhole = (quantity: string | number): boolean => nanosOf(quantity) % NANO === 0n

function nanosOf(quantity: string | number): bigint {
  return mustParse(quantity).nanos
}

function mustParse(quantity: string | number): Quantity {
  const parsed = parseQuantity(quantity)
  if (parsed === undefined) throw new RangeError(`${JSON.stringify(quantity)} is not a quantity`)
  return parsed
}
