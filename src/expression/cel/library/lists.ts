import { int, uint } from '../arithmetic.ts'
import { compare, equal } from '../equality.ts'
import type { Library } from '../functions.ts'
import { duration } from '../time.ts'
import type { Value } from '../values.ts'
import { Duration, EvaluationError, Uint } from '../values.ts'

type List = readonly Value[]

const COMPARABLE = ['int', 'uint', 'double', 'bool', 'duration', 'timestamp', 'string', 'bytes']

/** Kubernetes' functions of lists, and cel-go's sets. */
export const LISTS: Library = {
  ...Object.fromEntries(
    COMPARABLE.flatMap((type) => [
      [`list<${type}>::isSorted() bool`, isSorted],
      [`list<${type}>::max() ${type}`, (list: List) => extreme(list, 1, 'max')],
      [`list<${type}>::min() ${type}`, (list: List) => extreme(list, -1, 'min')],
    ]),
  ),
  'list<int>::sum() int': (list: readonly bigint[]) => list.reduce((sum, one) => int(sum + one), 0n),
  'list<uint>::sum() uint': (list: readonly Uint[]) => list.reduce((sum, one) => uint(sum.value + one.value), uint(0n)),
  'list<double>::sum() double': (list: readonly number[]) => list.reduce((sum, one) => sum + one, 0),
  'list<duration>::sum() duration': (list: readonly Duration[]) =>
    list.reduce((sum, one) => duration(sum.nanos + one.nanos), duration(0n)),
  'list<A>::indexOf(A) int': (list: List, item: Value) => BigInt(list.findIndex((one) => equal(one, item))),
  'list<A>::lastIndexOf(A) int': (list: List, item: Value) => BigInt(list.findLastIndex((one) => equal(one, item))),
  'sets.contains(list<A>, list<A>) bool': contains,
  'sets.equivalent(list<A>, list<A>) bool': (a: List, b: List) => contains(a, b) && contains(b, a),
  'sets.intersects(list<A>, list<A>) bool': (a: List, b: List) => a.some((one) => b.some((two) => equal(one, two))),
}

function isSorted(list: List): boolean {
  return list.every((one, i) => i === 0 || compare(list[i - 1] ?? null, one) <= 0)
}

function extreme(list: List, sign: 1 | -1, name: string): Value {
  const [first, ...rest] = list
  if (first === undefined) throw new EvaluationError(`${name} called on empty list`)
  return rest.reduce((best, one) => (compare(one, best) * sign > 0 ? one : best), first)
}

function contains(a: List, b: List): boolean {
  return b.every((one) => a.some((two) => equal(one, two)))
}
