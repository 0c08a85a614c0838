import { spawn } from 'node:child_process'
import type { ChildProcess, StdioOptions } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const SHOAL = fileURLToPath(new URL('../../bin/shoal', import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Started {
  readonly process: ChildProcess
  readonly outcome: Promise<Outcome>
  /** Resolves when standard error has said something that matches. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

/** A user of `bin/shoal` with a home, a working directory and temporary files of their own. */
export interface User extends Disposable {
  readonly directory: string
  write(name: string, source: string): string
  start(args: readonly string[], stdio?: StdioOptions): Started
  run(...args: string[]): Promise<Outcome>
  /** Temporary files and processes that are there, once those that end by themselves have done so. */
  leftovers(): Promise<readonly string[]>
}

export function openUser(): User {
  const directory = mkdtempSync(join(tmpdir(), 'cli-'))
  const temporary = join(directory, 't')
  mkdirSync(temporary)
  const env = {
    ...process.env,
    HOME: directory,
    TMPDIR: temporary,
    XDG_STATE_HOME: join(directory, 'state'),
    XDG_DATA_HOME: join(directory, 'data'),
    KUBECONFIG: undefined,
    NODE_OPTIONS: undefined,
    FORCE_COLOR: undefined,
  }
  const start: User['start'] = (args, stdio = ['ignore', 'pipe', 'pipe']) =>
    started(spawn(SHOAL, args, { cwd: directory, env, stdio }))
  return {
    directory,
    write(name, source) {
      writeFileSync(join(directory, name), source)
      return join(directory, name)
    },
    start,
    run: (...args) => start(args).outcome,
    leftovers: () => leftoversIn(temporary),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  }
}

function started(child: ChildProcess): Started {
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const exit = new Promise<Pick<Outcome, 'code' | 'signal'>>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({ code, signal }))
  })
  // A test may stop reading: what it has read by then is not what it asks about.
  const all = async (stream: NodeJS.ReadableStream | null) =>
    stream === null ? '' : await text(stream).catch(() => '')
  const outputs = Promise.all([all(child.stdout), all(child.stderr)])
  return {
    process: child,
    outcome: Promise.all([exit, outputs]).then(([ended, [stdout, stderr]]) => ({ ...ended, stdout, stderr })),
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(said)
          if (match !== null) resolve(match)
        }
        child.stderr?.on('data', look)
        child.once('exit', () => reject(new Error(`it ended without saying ${String(pattern)}: ${said}`)))
        look()
      }),
  }
}

/** What a killed run leaves to its spawner takes a moment to go. */
const PATIENCE_MS = 5_000
const LOOK_MS = 25

async function leftoversIn(directory: string): Promise<readonly string[]> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const left = [...readdirSync(directory), ...processesOf(directory)]
    if (left.length === 0 || waitedMs >= PATIENCE_MS) return left
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** Processes that name the directory in their arguments or environment: runs, spawners and workers all do. */
function processesOf(directory: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const command = read(`/proc/${pid}/cmdline`)
      const names = command.includes(directory) || read(`/proc/${pid}/environ`).includes(directory)
      return names ? [`process ${pid}: ${command.replaceAll('\0', ' ')}`] : []
    })
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
