import { ProfileError } from './profile.ts'
import type { ArgumentRule } from './profile.ts'
import type { Label, Program } from './program.ts'

/** Where the six arguments lie in `struct seccomp_data`: 64 bits each, the lower half first. */
const ARGUMENTS_AT = 16
const ARGUMENT_BYTES = 8

/** An order as what the halves have to be; equal upper halves leave it to the lower ones. */
const ORDERS = {
  SCMP_CMP_GT: { isGreater: true, orEqual: false },
  SCMP_CMP_GE: { isGreater: true, orEqual: true },
  SCMP_CMP_LT: { isGreater: false, orEqual: false },
  SCMP_CMP_LE: { isGreater: false, orEqual: true },
} as const

/** Goes on where the argument is as the rule says, elsewhere to `fails`. The register is lost. */
export function emitArgument(program: Program, { index, op, value, valueTwo = 0n }: ArgumentRule, fails: Label): void {
  const low = { at: ARGUMENTS_AT + index * ARGUMENT_BYTES, value: Number(value & 0xffffffffn) }
  const high = { at: low.at + 4, value: Number((value >> 32n) & 0xffffffffn) }
  const [middle, holds] = [program.label(), program.label()]
  const load = (half: typeof low) => program.load(half.at)
  if (op === 'SCMP_CMP_MASKED_EQ') {
    load(high)
    program.keep(high.value)
    program.ifEqual(Number((valueTwo >> 32n) & 0xffffffffn), middle, fails)
    program.place(middle)
    load(low)
    program.keep(low.value)
    program.ifEqual(Number(valueTwo & 0xffffffffn), holds, fails)
  } else if (op === 'SCMP_CMP_EQ' || op === 'SCMP_CMP_NE') {
    const isEqual = op === 'SCMP_CMP_EQ'
    load(high)
    program.ifEqual(high.value, middle, isEqual ? fails : holds)
    program.place(middle)
    load(low)
    if (isEqual) program.ifEqual(low.value, holds, fails)
    else program.ifEqual(low.value, fails, holds)
  } else {
    const order = op in ORDERS ? ORDERS[op as keyof typeof ORDERS] : undefined
    if (order === undefined) throw new ProfileError(`comparison "${op}" is not known here`)
    const [above, below] = order.isGreater ? [holds, fails] : [fails, holds]
    const equalOrBelow = program.label()
    load(high)
    program.ifGreater(high.value, above, equalOrBelow)
    program.place(equalOrBelow)
    program.ifEqual(high.value, middle, below)
    program.place(middle)
    load(low)
    // Greater or equal with the upper side, smaller or equal with the lower one.
    if (order.isGreater === order.orEqual) program.ifAtLeast(low.value, above, below)
    else program.ifGreater(low.value, above, below)
  }
  program.place(holds)
}
