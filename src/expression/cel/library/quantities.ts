import type { Quantity } from '../../../api/meta/quantity.ts'
import { parseQuantity } from '../../../api/meta/quantity.ts'
import { toInt } from '../arithmetic.ts'
import type { Library } from '../functions.ts'
import { EvaluationError, Opaque } from '../values.ts'

type Value = Opaque<Quantity>

const TYPE = 'kubernetes.Quantity'
const NANO = 1_000_000_000n

/** Kubernetes' quantities. */
export const QUANTITIES: Library = {
  'quantity(string) kubernetes.Quantity': (text: string) => made(read(text)),
  'isQuantity(string) bool': (text: string) => parseQuantity(text) !== undefined,
  'kubernetes.Quantity::sign() int': ({ value }: Value) => (value.nanos > 0n ? 1n : value.nanos < 0n ? -1n : 0n),
  'kubernetes.Quantity::isGreaterThan(kubernetes.Quantity) bool': (a: Value, b: Value) => a.value.nanos > b.value.nanos,
  'kubernetes.Quantity::isLessThan(kubernetes.Quantity) bool': (a: Value, b: Value) => a.value.nanos < b.value.nanos,
  'kubernetes.Quantity::compareTo(kubernetes.Quantity) int': (a: Value, b: Value) =>
    a.value.nanos > b.value.nanos ? 1n : a.value.nanos < b.value.nanos ? -1n : 0n,
  'kubernetes.Quantity::asApproximateFloat() double': ({ value }: Value) => Number(value.nanos) / 1e9,
  'kubernetes.Quantity::asInteger() int': ({ value }: Value) => {
    if (isWhole(value)) return value.nanos / NANO
    throw new EvaluationError('cannot convert value to integer')
  },
  'kubernetes.Quantity::isInteger() bool': ({ value }: Value) => isWhole(value),
  'kubernetes.Quantity::add(kubernetes.Quantity) kubernetes.Quantity': (a: Value, b: Value) => plus(a, b.value.nanos),
  'kubernetes.Quantity::add(int) kubernetes.Quantity': (a: Value, b: bigint) => plus(a, b * NANO),
  'kubernetes.Quantity::sub(kubernetes.Quantity) kubernetes.Quantity': (a: Value, b: Value) => plus(a, -b.value.nanos),
  'kubernetes.Quantity::sub(int) kubernetes.Quantity': (a: Value, b: bigint) => plus(a, -b * NANO),
}

const made = (value: Quantity): Value => new Opaque(TYPE, value, String(value.nanos))

const plus = ({ value }: Value, nanos: bigint): Value => made({ ...value, nanos: value.nanos + nanos })

function isWhole({ nanos }: Quantity): boolean {
  if (nanos % NANO !== 0n) return false
  try {
    toInt(Number(nanos / NANO))
    return true
  } catch {
    return false
  }
}

function read(text: string): Quantity {
  const quantity = parseQuantity(text)
  if (quantity !== undefined) return quantity
  throw new EvaluationError(
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  )
}
