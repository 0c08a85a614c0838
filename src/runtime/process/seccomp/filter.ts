import { emitArgument } from './argument.ts'
import { ProfileError } from './profile.ts'
import type { ArgumentRule, SeccompProfile, SyscallRule } from './profile.ts'
import { createProgram } from './program.ts'
import type { Program } from './program.ts'
import { syscallNumbers } from './syscall-numbers.ts'
import type { Architecture } from './syscall-numbers.ts'

/** A filter of system calls as the kernel takes it. */
export interface SyscallFilter {
  /** Instructions of classic BPF, eight bytes each. */
  readonly program: Buffer
  /** Of the call `seccomp`. */
  readonly flags: number
}

/** What the kernel calls architectures, of `linux/audit.h`; those with 32 bits of each are others. */
const AUDIT_NAMES: Readonly<Record<Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 }
/** A call of x32 says that it is one of x64, and sets this bit of its number. */
const X32 = 0x40000000

/** Where the kernel shows a filter what is called: `struct seccomp_data`. */
const NUMBER_AT = 0
const ARCHITECTURE_AT = 4

const EPERM = 1
const ENOSYS = 38

const ALLOW = 0x7fff0000
const LOG = 0x7ffc0000
const ERRNO = 0x00050000
const TRACE = 0x7ff00000
const ACTIONS: Readonly<Record<string, number>> = {
  SCMP_ACT_KILL: 0,
  SCMP_ACT_KILL_THREAD: 0,
  SCMP_ACT_KILL_PROCESS: 0x80000000,
  SCMP_ACT_TRAP: 0x00030000,
  SCMP_ACT_ERRNO: ERRNO,
  SCMP_ACT_TRACE: TRACE,
  SCMP_ACT_LOG: LOG,
  SCMP_ACT_ALLOW: ALLOW,
}

const SPECULATES = 4
const FLAGS: Readonly<Record<string, number>> = {
  SECCOMP_FILTER_FLAG_TSYNC: 1,
  SECCOMP_FILTER_FLAG_LOG: 2,
  SECCOMP_FILTER_FLAG_SPEC_ALLOW: SPECULATES,
}

/**
 * Compiles a profile as runc and libseccomp do: the first rule that fits decides; names that the architecture has not are
 * passed over; numbers beyond all that a strict profile names are answered as by a kernel that lacks them. One thing is
 * stricter: programs of other architectures (32 bits) find no call at all. Throws a {@link ProfileError}.
 */
export function compileFilter(profile: SeccompProfile, architecture: Architecture): SyscallFilter {
  const program = createProgram()
  const otherwise = actionOf(profile.defaultAction, profile.defaultErrnoRet)
  const calls = rulesByNumber(profile, architecture, otherwise)
  refuseForeign(program, architecture)
  for (const [number, { conditional, always }] of calls)
    if (conditional.length > 0) emitCall(program, number, conditional, always ?? otherwise)
  emitRuns(program, runsOf(calls, otherwise))
  return { program: program.assemble(), flags: flagsOf(profile.flags) }
}

function actionOf(name: string, errno: number = EPERM): number {
  const action = ACTIONS[name]
  if (action === undefined) throw new ProfileError(`action "${name}" is not known here`)
  return action === ERRNO || action === TRACE ? action + (errno & 0xffff) : action
}

/** Where none is named runc asks for this one: a filter has nothing to hide from its own process. */
function flagsOf(names: readonly string[] = []): number {
  const bits = names.map((name) => {
    const bit = FLAGS[name]
    if (bit === undefined) throw new ProfileError(`flag "${name}" is not known here`)
    return bit
  })
  return names.length === 0 ? SPECULATES : bits.reduce((all, bit) => all | bit, 0)
}

/** What is said of one system call. */
interface CallRules {
  readonly conditional: { readonly args: readonly ArgumentRule[]; readonly action: number }[]
  always: number | undefined
}

function rulesByNumber(
  { syscalls = [] }: SeccompProfile,
  architecture: Architecture,
  otherwise: number,
): ReadonlyMap<number, CallRules> {
  const numbers = syscallNumbers(architecture)
  const calls = new Map<number, CallRules>()
  for (const rule of syscalls) {
    const action = actionOf(rule.action, rule.errnoRet)
    for (const name of rule.names) {
      const number = numbers.get(name)
      if (number === undefined) continue
      const known = calls.get(number) ?? { conditional: [], always: undefined }
      calls.set(number, known)
      if (action === otherwise) continue
      if ((rule.args ?? []).length === 0) known.always ??= action
      else for (const args of alternativesOf(rule)) known.conditional.push({ args, action })
    }
  }
  return calls
}

/** Two conditions of one argument cannot both be meant: each stands for itself then. */
function alternativesOf({ args = [] }: SyscallRule): readonly (readonly ArgumentRule[])[] {
  const areOfOne = new Set(args.map(({ index }) => index)).size < args.length
  return areOfOne ? args.map((one) => [one]) : [args]
}

function refuseForeign(program: Program, architecture: Architecture): void {
  const [own, foreign, native] = [program.label(), program.label(), program.label()]
  program.load(ARCHITECTURE_AT)
  program.ifEqual(AUDIT_NAMES[architecture], own, foreign)
  program.place(own)
  program.load(NUMBER_AT)
  program.ifAtLeast(X32, foreign, native)
  program.place(foreign)
  program.answer(ERRNO + ENOSYS)
  program.place(native)
}

/** The whole of what is decided by arguments for one call. */
function emitCall(program: Program, number: number, rules: CallRules['conditional'], otherwise: number): void {
  const [own, other, next] = [program.label(), program.label(), program.label()]
  program.ifEqual(number, own, other)
  program.place(other)
  program.go(next)
  program.place(own)
  for (const { args, action } of rules) {
    const fails = program.label()
    for (const each of args) emitArgument(program, each, fails)
    program.answer(action)
    program.place(fails)
  }
  program.answer(otherwise)
  program.place(next)
}

/** Numbers from here to the next run that are answered alike. */
interface Run {
  readonly from: number
  readonly action: number
}

/** A tracer lets calls go on, as libseccomp's users see it. */
const isLenient = (action: number) => action === ALLOW || action === LOG || (action & 0xffff0000) === TRACE

function runsOf(calls: ReadonlyMap<number, CallRules>, otherwise: number): readonly Run[] {
  const last = Math.max(-1, ...calls.keys())
  const runs: Run[] = []
  const add = (from: number, action: number) => void (runs.at(-1)?.action !== action && runs.push({ from, action }))
  for (let number = 0; number <= last; number++) {
    const { conditional = [], always } = calls.get(number) ?? {}
    // What is decided by arguments has been answered already.
    if (conditional.length === 0) add(number, always ?? otherwise)
  }
  add(last + 1, isLenient(otherwise) || last < 0 ? otherwise : ERRNO + ENOSYS)
  return runs
}

function emitRuns(program: Program, runs: readonly Run[]): void {
  for (const [index, { action }] of runs.entries()) {
    const following = runs[index + 1]
    const [inside, beyond] = [program.label(), program.label()]
    if (following !== undefined) program.ifAtLeast(following.from, beyond, inside)
    program.place(inside)
    program.answer(action)
    program.place(beyond)
  }
}
