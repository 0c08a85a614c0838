import { ProfileError } from './profile.ts'

/** A place in a program that is jumped to; placed once, after all jumps to it, since the kernel knows no way back. */
export interface Label {
  at: number | undefined
}

/** A program of classic BPF in the making: one register, of 32 bits. */
export interface Program {
  label(): Label
  /** What follows has this label. */
  place(label: Label): void
  /** The word at an offset of what the kernel shows. */
  load(offset: number): void
  /** Keeps of the register what a mask lets through. */
  keep(mask: number): void
  ifEqual(value: number, yes: Label, no: Label): void
  ifGreater(value: number, yes: Label, no: Label): void
  ifAtLeast(value: number, yes: Label, no: Label): void
  go(to: Label): void
  answer(action: number): void
  /** Throws a {@link ProfileError} for one that the kernel would not take. */
  assemble(): Buffer
}

interface Instruction {
  readonly code: number
  readonly value: number | Label
  readonly yes?: Label
  readonly no?: Label
}

/** `linux/bpf_common.h` */
const LOAD = 0x20
const AND = 0x54
const GO = 0x05
const IF_EQUAL = 0x15
const IF_GREATER = 0x25
const IF_AT_LEAST = 0x35
const ANSWER = 0x06

const INSTRUCTION_BYTES = 8
const MOST_INSTRUCTIONS = 4096
const FARTHEST_BRANCH = 255

export function createProgram(): Program {
  const all: Instruction[] = []
  const branch = (code: number) => (value: number, yes: Label, no: Label) => void all.push({ code, value, yes, no })
  return {
    label: () => ({ at: undefined }),
    place: (label) => void (label.at = all.length),
    load: (offset) => void all.push({ code: LOAD, value: offset }),
    keep: (mask) => void all.push({ code: AND, value: mask }),
    ifEqual: branch(IF_EQUAL),
    ifGreater: branch(IF_GREATER),
    ifAtLeast: branch(IF_AT_LEAST),
    go: (to) => void all.push({ code: GO, value: to }),
    answer: (action) => void all.push({ code: ANSWER, value: action }),
    assemble: () => assemble(all),
  }
}

function assemble(all: readonly Instruction[]): Buffer {
  if (all.length > MOST_INSTRUCTIONS) throw new ProfileError(`its filter has ${all.length} instructions, at most 4096`)
  const bytes = Buffer.alloc(all.length * INSTRUCTION_BYTES)
  for (const [index, { code, value, yes, no }] of all.entries()) {
    const distance = (to: Label | undefined) => (to?.at === undefined ? 0 : to.at - index - 1)
    const [near, far] = [distance(yes), distance(no)]
    if (Math.max(near, far) > FARTHEST_BRANCH)
      throw new Error(`a branch of ${near} or ${far} instructions, at most 255`)
    const at = index * INSTRUCTION_BYTES
    bytes.writeUInt16LE(code, at)
    bytes.writeUInt8(near, at + 2)
    bytes.writeUInt8(far, at + 3)
    bytes.writeUInt32LE(typeof value === 'number' ? value : distance(value), at + 4)
  }
  return bytes
}
