/** A profile as the specification of the Open Container Initiative has it, which is what files of the node's own hold. */
export interface SeccompProfile {
  readonly defaultAction: string
  readonly defaultErrnoRet?: number
  readonly flags?: readonly string[]
  readonly syscalls?: readonly SyscallRule[]
}

export interface SyscallRule {
  readonly names: readonly string[]
  readonly action: string
  readonly errnoRet?: number
  /** All of them hold; several of one index: any does. */
  readonly args?: readonly ArgumentRule[]
}

export interface ArgumentRule {
  readonly index: number
  readonly op: string
  /** The mask, where `op` takes one. */
  readonly value: bigint
  readonly valueTwo?: bigint
}

/** A profile that is none; the message goes on after the file's name. */
export class ProfileError extends Error {
  override readonly name = 'ProfileError'
}

/** Reads the JSON of a profile. Throws a {@link ProfileError}; what the actions and comparisons are called is for the compiler. */
export function parseProfile(text: string): SeccompProfile {
  const found = parseJson(text)
  if (!isRecord(found) || typeof found['defaultAction'] !== 'string') throw new ProfileError('it has no defaultAction')
  const { defaultAction, defaultErrnoRet, flags = [], syscalls = [] } = found
  if (!Array.isArray(flags) || !Array.isArray(syscalls)) throw new ProfileError('flags and syscalls are lists')
  return {
    defaultAction,
    ...(typeof defaultErrnoRet === 'bigint' && { defaultErrnoRet: Number(defaultErrnoRet) }),
    flags: flags.map(String),
    syscalls: syscalls.map(ruleOf),
  }
}

/** Numbers of 64 bits, which are masks of arguments, are kept whole. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, { source }: { source?: string } = {}) =>
      typeof value === 'number' && source !== undefined && /^-?\d+$/.test(source) ? BigInt(source) : value,
    )
  } catch (cause) {
    throw new ProfileError((cause as Error).message, { cause })
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function ruleOf(found: unknown): SyscallRule {
  if (!isRecord(found) || !Array.isArray(found['names'])) throw new ProfileError('a rule has no names')
  const { names, action, errnoRet, args } = found
  return {
    names: names.map(String),
    action: String(action),
    ...(typeof errnoRet === 'bigint' && { errnoRet: Number(errnoRet) }),
    args: Array.isArray(args) ? args.map(argumentOf) : [],
  }
}

function argumentOf(found: unknown): ArgumentRule {
  if (!isRecord(found)) throw new ProfileError('an argument is no object')
  const { index, op, value = 0n, valueTwo = 0n } = found
  if (typeof index !== 'bigint' || index < 0n || index > 5n)
    throw new ProfileError('an argument has an index from 0 to 5')
  if (typeof value !== 'bigint' || typeof valueTwo !== 'bigint')
    throw new ProfileError('values of arguments are numbers')
  return { index: Number(index), op: String(op), value, valueTwo }
}
