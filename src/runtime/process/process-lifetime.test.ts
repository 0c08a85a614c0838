import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLogger } from '../../env/log.ts'
import { systemEnvironment } from '../../env/system.ts'
import type { Runtime } from '../runtime.ts'
import { containerSpec, ended, sandboxSpec } from '../runtime-suite.ts'
import { createProcessRuntime } from './process-runtime.ts'
import { locateCgroupHome } from './spawner/cgroup.ts'

for (const namespaces of [true, false]) {
  const how = namespaces ? 'with namespaces' : 'without namespaces'

  test(`process runtime ${how}: nothing is left after close`, async () => {
    using place = workplace()
    const runtime = createProcessRuntime({
      environment: systemEnvironment(),
      directory: place.directory,
      namespaces,
      network: namespaces ? 'auto' : 'loopback',
    })
    const sandbox = await runtime.startSandbox(sandboxSpec('one'))
    const id = await runtime.createContainer(sandbox.id, leaver(place.marker))
    await runtime.startContainer(id)
    await started(place.marker)
    const names = readdirSync(place.directory)
    await runtime.close()
    await gone(() => traces(place.directory, names), NOTHING)
    expect(processesWith(place.marker)).toEqual([])
  })

  test(`process runtime ${how}: nothing is left after its owner was killed by SIGKILL`, async () => {
    using place = workplace()
    const owner = await startOwner(place, namespaces)
    await started(place.marker)
    const names = readdirSync(place.directory)
    kill(owner.pid)
    await gone(() => traces(place.directory, names), NOTHING)
    await gone(() => processesWith(place.marker), [])
    await gone(() => spawnersIn(place.directory), [])
  })
}

test.runIf(process.getuid?.() === 0)(
  'process runtime: no process outlives a spawner killed by SIGKILL, and the next start removes what it left',
  async () => {
    using place = workplace()
    const owner = await startOwner(place, true)
    await started(place.marker)
    const names = readdirSync(place.directory)
    // The last of the line that leads to it: the others end with it.
    const spawner = spawnersIn(place.directory).at(-1)
    kill(spawner)
    await gone(() => processesWith(place.marker), [])
    kill(owner.pid)
    await owner.exited
    const next = createProcessRuntime({ environment: systemEnvironment(), directory: place.directory })
    await next.startSandbox(sandboxSpec('one'))
    await next.close()
    await gone(() => traces(place.directory, names), NOTHING)
  },
)

test('process runtime without namespaces: the containers of a spawner that is lost end and are reported', async () => {
  using place = workplace()
  const environment = {
    ...systemEnvironment('error'),
    log: createLogger(
      () => undefined,
      'error',
      () => 0,
    ),
  }
  const { directory } = place
  const runtime = createProcessRuntime({ environment, directory, namespaces: false, network: 'loopback' })
  const sandbox = await runtime.startSandbox(sandboxSpec('one'))
  const id = await runtime.createContainer(sandbox.id, leaver(place.marker))
  await runtime.startContainer(id)
  await started(place.marker)
  kill(spawnersIn(directory).at(-1))
  expect(await ended(runtime, id)).toMatchObject({ exitCode: 137, signal: 'SIGKILL' })
  await gone(() => processesWith(place.marker), [])
  await expect(runtime.startSandbox(sandboxSpec('two')).then(({ id: next }) => start(runtime, next))).rejects.toThrow(
    'Cannot start "main"',
  )
  await runtime.close()
  expect(readdirSync(directory)).toEqual([])
})

async function start(runtime: Runtime, sandboxId: string): Promise<void> {
  await runtime.startContainer(await runtime.createContainer(sandboxId, containerSpec(['true'])))
}

/** Numbers below 2 do not mean a process of ours: 0 is this one's own group, 1 the machine's first. */
function kill(pid: number | undefined): void {
  assert(pid !== undefined && pid > 1, `expected the pid of a process that the test started, found ${pid}`)
  process.kill(pid, 'SIGKILL')
}

/** A container with a child in the background that leaves its session, both recognisable by their arguments. */
function leaver(marker: string) {
  return containerSpec(
    ['sh', '-c', `setsid sleep ${marker} & setsid sh -c 'sleep ${marker} & wait' & sleep ${marker}`],
    {
      limits: { memoryBytes: 64 * 1024 * 1024, cpuMillis: 500 },
      mounts: [{ hostPath: os.tmpdir(), containerPath: '/made-for-a-test', readOnly: true }],
    },
  )
}

function workplace() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'runtime-test-'))
  // A number of seconds that no other test sleeps.
  const marker = `9${String(process.hrtime.bigint()).slice(-7)}`
  return { directory, marker, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) }
}

async function startOwner(place: { directory: string; marker: string }, namespaces: boolean) {
  const program = `
    const { createProcessRuntime } = await import(${JSON.stringify(path.join(import.meta.dirname, 'process-runtime.ts'))})
    const { systemEnvironment } = await import(${JSON.stringify(path.join(import.meta.dirname, '../../env/system.ts'))})
    const runtime = createProcessRuntime({ environment: systemEnvironment(), ...${JSON.stringify({
      directory: place.directory,
      namespaces,
      network: namespaces ? 'auto' : 'loopback',
    })} })
    const sandbox = await runtime.startSandbox(${JSON.stringify(sandboxSpec('one'))})
    const id = await runtime.createContainer(sandbox.id, ${JSON.stringify(leaver(place.marker))})
    await runtime.startContainer(id)
    // It does not outlive the test, however that ends.
    process.stdin.once('end', () => process.exit()).resume()
    console.log('up')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  for await (const line of createInterface({ input: child.stdout })) if (line === 'up') break
  return { pid: child.pid, exited }
}

const NOTHING = { directory: [], cgroups: [], links: [], networks: [], mounted: false }

/** What is there, apart from processes, of the runtimes with those names. */
function traces(directory: string, names: readonly string[]) {
  const { memory, cpu, accounting } = locateCgroupHome('any')
  const list = (folder: string | undefined) => (folder ? readdirSync(path.dirname(folder)) : [])
  return {
    directory: readdirSync(directory),
    cgroups: [...list(memory), ...list(cpu), ...list(accounting)].filter((cgroup) => names.includes(cgroup)),
    links: readdirSync('/sys/class/net').filter((link) => names.includes(ownerOf(link))),
    networks: existsSync('/run/netns')
      ? readdirSync('/run/netns').filter((network) => names.some((name) => network.startsWith(`sh${name.slice(-6)}`)))
      : [],
    mounted: readFileSync('/proc/self/mountinfo', 'utf8').includes(directory),
  }
}

/** The name of the runtime whose link it is; none where the link has gone meanwhile. */
function ownerOf(link: string): string {
  try {
    return readFileSync(`/sys/class/net/${link}/ifalias`, 'utf8').trim()
  } catch {
    return ''
  }
}

function commandLines(): { pid: number; line: string }[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      return [{ pid: Number(name), line: readFileSync(`/proc/${name}/cmdline`, 'utf8') }]
    } catch {
      return []
    }
  })
}

function processesWith(marker: string): number[] {
  return commandLines().flatMap(({ pid, line }) => (line.startsWith(`sleep\0${marker}`) ? [pid] : []))
}

/** Spawners, and the shells that lead to them, run from sources or from joined code: by the bound of their memory. */
function spawnersIn(directory: string): number[] {
  return commandLines().flatMap(({ pid, line }) =>
    line.includes('--max-old-space-size=64') && line.includes(directory) ? [pid] : [],
  )
}

/** Three processes sleep in the container. */
async function started(marker: string): Promise<void> {
  while (processesWith(marker).length < 3) await pause(5)
}

/** What other processes do has no event to await here: looks until it is so; the test's own time limit is the bound. */
async function gone(look: () => unknown, wanted: unknown): Promise<void> {
  while (JSON.stringify(look()) !== JSON.stringify(wanted)) await pause(10)
}
