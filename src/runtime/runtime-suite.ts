import { expect, test } from 'vitest'
import type { ContainerSpec, ContainerState, Runtime, SandboxSpec } from './runtime.ts'

/** What a runtime can do, so that the suite asks of each only what it promises. */
export interface SuiteSubject {
  /** A runtime of its own for each test; disposed of at the test's end. */
  open(): MaybePromise<{ readonly runtime: Runtime } & AsyncDisposable>
  /** An image that is there, in which `sh` and `true` run. */
  readonly image: string
  /** An image that cannot be pulled. */
  readonly missingImage: string
  /** False where commands are not really run, so that their output and exit codes cannot be told. */
  readonly runsCommands: boolean
  /** A container's first process is the first of its namespace: signals that it has no handler for do nothing to it. */
  readonly firstProcessIsInit?: boolean
  /** A container sees its own control groups, where its limits can be read. */
  readonly showsLimits?: boolean
}

type MaybePromise<T> = T | Promise<T>

export function sandboxSpec(name: string): SandboxSpec {
  return {
    namespace: 'default',
    name,
    // Of this process alone: suites of several engines run at once, and a pod has one cgroup on a machine.
    uid: `uid-${name}-${process.pid}`,
    attempt: 0,
    hostname: name,
    hostNetwork: false,
    labels: {},
    annotations: {},
    ports: [],
    dns: { servers: [], searches: [] },
    hostAliases: [],
    limits: {},
  }
}

export function containerSpec(command: readonly string[], changes: Partial<ContainerSpec> = {}): ContainerSpec {
  return {
    name: 'main',
    attempt: 0,
    image: 'node:24',
    command,
    env: {},
    mounts: [],
    limits: {},
    stdin: false,
    tty: false,
    security: {},
    ...changes,
  }
}

/** Resolves with the container's state once it has exited. */
export function ended(runtime: Runtime, containerId: string): Promise<ContainerState> {
  return new Promise((resolve) => {
    const check = () => {
      const state = runtime.containerStatus(containerId)?.state
      if (state?.phase !== 'exited') return
      stop()
      resolve(state)
    }
    const stop = runtime.onChange(check)
    check()
  })
}

export async function runToEnd(runtime: Runtime, containerId: string): Promise<ContainerState> {
  await runtime.startContainer(containerId)
  return ended(runtime, containerId)
}

/** The container's log as one text. */
export async function textOf(runtime: Runtime, containerId: string, stream?: 'stdout' | 'stderr'): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const line of runtime.logs(containerId, {})) {
    if (!stream || line.stream === stream) parts.push(line.bytes)
  }
  return Buffer.concat(parts).toString()
}

/** The behaviour that a node agent relies on, whatever runs the containers. */
export function runtimeSuite(name: string, subject: SuiteSubject): void {
  const spec = (command: readonly string[], changes: Partial<ContainerSpec> = {}) =>
    containerSpec(command, { image: subject.image, ...changes })

  test(`${name}: an image that cannot be had is an ImageError with Kubernetes' reason`, async () => {
    await using held = await subject.open()
    await expect(held.runtime.pullImage(subject.missingImage)).rejects.toMatchObject({ name: 'ImageError' })
    expect(await held.runtime.imageStatus(subject.missingImage)).toBeUndefined()
  })

  test(`${name}: every sandbox has an address of its own and is ready until it is stopped`, async () => {
    await using held = await subject.open()
    const [first, second] = await Promise.all(['a', 'b'].map((pod) => held.runtime.startSandbox(sandboxSpec(pod))))
    expect(first?.ready && second?.ready).toBe(true)
    expect(first?.ip).not.toBe(second?.ip)
    const { sandboxReady } = held.runtime
    if (sandboxReady !== undefined) expect(await sandboxReady(first?.id ?? '')).toBe(true)
    await held.runtime.stopSandbox(first?.id ?? '')
    if (sandboxReady !== undefined) expect(await sandboxReady(first?.id ?? '')).toBe(false)
    const { sandboxes } = await held.runtime.list()
    expect(sandboxes.map(({ ready }) => ready).toSorted()).toEqual([false, true])
  })

  test(`${name}: a container goes from created over running to exited, and a stop ends it`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const id = await runtime.createContainer(sandbox.id, spec(['sh', '-c', 'sleep 600']))
    const phases: string[] = []
    runtime.onChange(({ state }) => phases.push(state.phase))
    expect(runtime.containerStatus(id)?.state.phase).toBe('created')
    await runtime.startContainer(id)
    expect(runtime.containerStatus(id)?.state.phase).toBe('running')
    await runtime.stopContainer(id, 0)
    expect(runtime.containerStatus(id)?.state).toMatchObject({ phase: 'exited', exitCode: 137 })
    expect(phases).toEqual(['running', 'exited'])
  })

  test(`${name}: removing a sandbox removes its containers, and removing it again does nothing`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const id = await runtime.createContainer(sandbox.id, spec(['sh', '-c', 'sleep 600']))
    await runtime.startContainer(id)
    await runtime.stopSandbox(sandbox.id)
    await runtime.removeSandbox(sandbox.id)
    await runtime.removeSandbox(sandbox.id)
    expect(await runtime.list()).toEqual({ sandboxes: [], containers: [] })
    expect(runtime.containerStatus(id)).toBeUndefined()
  })
  if (subject.runsCommands) commandSuite(name, subject, spec)
}

const TERMINATED = { exitCode: 143, signal: 'SIGTERM' }

type MakeSpec = (command: readonly string[], changes?: Partial<ContainerSpec>) => ContainerSpec

function commandSuite(name: string, subject: SuiteSubject, spec: MakeSpec): void {
  test(`${name}: exit codes, streams and unfinished lines of a command are kept`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const script = 'echo out; echo err >&2; printf unfinished; exit 3'
    const id = await runtime.createContainer(sandbox.id, spec(['sh', '-c', script]))
    expect(await runToEnd(runtime, id)).toMatchObject({ exitCode: 3, oomKilled: false })
    expect(await textOf(runtime, id, 'stdout')).toBe('out\nunfinished')
    expect(await textOf(runtime, id, 'stderr')).toBe('err\n')
  })

  test(`${name}: SIGTERM comes first, and its effect is the exit code 128 + n`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const polite = await runtime.createContainer(
      sandbox.id,
      spec(['sh', '-c', "trap 'kill $!; exit 5' TERM; echo up; sleep 600 & wait"], { name: 'polite' }),
    )
    const plain = await runtime.createContainer(sandbox.id, spec(['sleep', '600'], { name: 'plain' }))
    await Promise.all([polite, plain].map((id) => runtime.startContainer(id)))
    for await (const _line of runtime.logs(polite, { follow: true })) break
    const graceMs = subject.firstProcessIsInit === true ? 1_000 : 30_000
    await Promise.all([runtime.stopContainer(polite, 30_000), runtime.stopContainer(plain, graceMs)])
    expect(runtime.containerStatus(polite)?.state).toMatchObject({ exitCode: 5 })
    const end = subject.firstProcessIsInit === true ? { exitCode: 137, signal: 'SIGKILL' } : TERMINATED
    expect(runtime.containerStatus(plain)?.state).toMatchObject(end)
  })

  test(`${name}: a command that does not exist is told apart from one that failed`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const id = await runtime.createContainer(sandbox.id, spec(['no-such-program']))
    await expect(runtime.startContainer(id)).rejects.toMatchObject({ reason: 'RunContainerError' })
    // Docker says 127 by the shell's custom, containerd 128.
    const exitCode = runtime.name === 'docker' ? 127 : 128
    expect(runtime.containerStatus(id)?.state).toMatchObject({
      exitCode,
      startError: expect.stringContaining('no-such-program'),
      startedAtMs: 0,
    })
    const { state } = runtime.containerStatus(id) ?? {}
    expect(state?.phase === 'exited' && state.finishedAtMs).toBeGreaterThan(0)
  })

  test(`${name}: logs can be followed to the container's end and cut to their tail`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const id = await runtime.createContainer(sandbox.id, spec(['sh', '-c', 'for i in 1 2 3 4 5; do echo $i; done']))
    await runtime.startContainer(id)
    const seen: string[] = []
    for await (const line of runtime.logs(id, { follow: true })) seen.push(Buffer.from(line.bytes).toString())
    expect(seen).toEqual(['1\n', '2\n', '3\n', '4\n', '5\n'])
    const tail: string[] = []
    for await (const line of runtime.logs(id, { tailLines: 2 })) tail.push(Buffer.from(line.bytes).toString())
    expect(tail).toEqual(['4\n', '5\n'])
  })

  if (subject.showsLimits === true) limitSuite(name, subject, spec)
  execSuite(name, subject, spec)
}

const LIMITS_SCRIPT = `cd /sys/fs/cgroup
cat memory/memory.limit_in_bytes memory.max 2>/dev/null
cat cpu/cpu.cfs_quota_us 2>/dev/null || cut -d' ' -f1 cpu.max`

/** Memory in bytes, and the time on processors in each period: as the kernel has them for the container. */
async function limitsIn(runtime: Runtime, id: string): Promise<readonly string[]> {
  const { stdout } = await runtime.exec(id, { command: ['sh', '-c', LIMITS_SCRIPT], stdin: false, tty: false })
  return Buffer.concat(await stdout.toArray())
    .toString()
    .trim()
    .split('\n')
}

function limitSuite(name: string, subject: SuiteSubject, spec: MakeSpec): void {
  test(`${name}: the limits of a running container are changed in place, and taken away`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const limits = { cpuMillis: 100, cpuRequestMillis: 100, memoryBytes: 64 * 2 ** 20 }
    const id = await runtime.createContainer(sandbox.id, spec(['sleep', '600'], { limits }))
    await runtime.startContainer(id)
    expect(await limitsIn(runtime, id)).toEqual([String(64 * 2 ** 20), '10000'])
    await runtime.updateContainer?.(id, { cpuMillis: 250, cpuRequestMillis: 100, memoryBytes: 96 * 2 ** 20 })
    expect(await limitsIn(runtime, id)).toEqual([String(96 * 2 ** 20), '25000'])
    await runtime.updateContainer?.(id, { cpuRequestMillis: 100, memoryBytes: 96 * 2 ** 20 })
    expect(['-1', 'max']).toContain((await limitsIn(runtime, id))[1])
    expect(runtime.containerStatus(id)?.state.phase).toBe('running')
  })
}

function execSuite(name: string, subject: SuiteSubject, spec: MakeSpec): void {
  test(`${name}: a command runs within a container with its streams and exit code`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const id = await runtime.createContainer(sandbox.id, spec(['sleep', '600'], { env: { COLOUR: 'red' } }))
    await runtime.startContainer(id)
    const session = await runtime.exec(id, {
      command: ['sh', '-c', 'cat; echo $COLOUR >&2; exit 4'],
      stdin: true,
      tty: false,
    })
    session.stdin?.end('typed')
    const read = async (stream: AsyncIterable<Buffer> | undefined) => {
      const chunks: Buffer[] = []
      for await (const chunk of stream ?? []) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }
    expect(await Promise.all([read(session.stdout), read(session.stderr), session.exitCode])).toEqual([
      'typed',
      'red\n',
      4,
    ])
  })

  test(`${name}: input that a command does not read waits with whoever sends it`, async () => {
    await using held = await subject.open()
    const { runtime } = held
    const sandbox = await runtime.startSandbox(sandboxSpec('a'))
    const id = await runtime.createContainer(sandbox.id, spec(['sleep', '600']))
    await runtime.startContainer(id)
    const command = ['sh', '-c', 'read -r word; echo $word; read -r go; wc -c']
    const session = await runtime.exec(id, { command, stdin: true, tty: false })
    session.stdin?.write('ready\n')
    const output = session.stdout[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    expect((await output.next()).value?.toString()).toBe('ready\n')
    session.stdin?.write('go\n')
    const megabytes = 8
    for (let i = 0; i < megabytes; i++) {
      if (session.stdin?.write(Buffer.alloc(2 ** 20))) continue
      await new Promise((resolve) => session.stdin?.once('drain', resolve))
    }
    session.stdin?.end()
    expect((await output.next()).value?.toString().trim()).toBe(String(megabytes * 2 ** 20))
    expect(await session.exitCode).toBe(0)
  })
}
