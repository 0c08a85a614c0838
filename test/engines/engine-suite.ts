import { mkdtempSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Environment } from '../../src/env/environment.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { containerSpec, runtimeSuite, runToEnd, sandboxSpec, textOf } from '../../src/runtime/runtime-suite.ts'
import type { LogLimits } from '../../src/runtime/log-limits.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { BUSYBOX } from '../images/images.ts'
import type { Engine } from './engine.ts'

const IMAGE = 'docker.io/library/busybox:latest'

/** A runtime on an engine, and how the engine is had for the tests. */
export interface EngineSubject {
  /** Why the engine cannot be had here, with the command that helps. */
  readonly missing: string | undefined
  start(): Promise<Engine>
  open(options: {
    readonly environment: Environment
    readonly endpoint: string
    readonly directory: string
    readonly owner: string
    readonly logs?: LogLimits
  }): Promise<Runtime>
  /** The files of a container's log, of an engine or a runtime in these directories. */
  logFiles(directories: { readonly engine: string; readonly runtime: string }, containerId: string): readonly string[]
}

/** The port's suite, on one engine for all of it. */
export function engineSuite(name: string, subject: EngineSubject): void {
  const { missing } = subject
  let engine: Engine
  let opened = 0

  async function open(more: { readonly environment?: Environment; readonly logs?: LogLimits } = {}) {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
    const owner = `test-${process.pid}-${opened++}`
    const environment = systemEnvironment('error')
    const runtime = await subject.open({ environment, endpoint: engine.endpoint, directory, owner, ...more })
    const dispose = async () => {
      await removeAll(runtime)
      await runtime.close()
      await rm(directory, { recursive: true, force: true })
    }
    return { runtime, directory, owner, [Symbol.asyncDispose]: dispose }
  }

  if (missing !== undefined) test.skip(`${name}: ${missing}`, () => {})

  describe.skipIf(missing !== undefined)('on an engine of its own', () => {
    beforeAll(async () => {
      engine = await subject.start()
      engine.load(BUSYBOX)
    }, 60_000)
    afterAll(async () => await engine?.[Symbol.asyncDispose](), 60_000)

    runtimeSuite(name, {
      open,
      image: IMAGE,
      missingImage: '127.0.0.1:1/nothing:here',
      runsCommands: true,
      firstProcessIsInit: true,
      showsLimits: true,
    })

    test(`${name}: a pod in the node's own network asks the name servers that it is given`, async () => {
      await using held = await open()
      const { runtime } = held
      const dns = { servers: ['192.0.2.53'], searches: ['svc.cluster.local'], options: ['ndots:5'] }
      const sandbox = await runtime.startSandbox({ ...sandboxSpec('a'), hostNetwork: true, dns })
      const command = ['cat', '/etc/resolv.conf']
      const id = await runtime.createContainer(sandbox.id, containerSpec(command, { image: IMAGE }))
      await runToEnd(runtime, id)
      const lines = (await textOf(runtime, id)).trim().split('\n').toSorted()
      expect(lines).toEqual(['nameserver 192.0.2.53', 'options ndots:5', 'search svc.cluster.local'])
    })

    test(`${name}: a log that is put aside while it is followed loses no line and repeats none, and is bounded`, async () => {
      const system = systemEnvironment('error')
      const after: typeof system.timers.after = (ms, ...rest) => system.timers.after(ms / 50, ...rest)
      const environment = { ...system, timers: { ...system.timers, after } }
      const logs = { maxBytes: 256 * 1024, maxFiles: 3 }
      await using held = await open({ environment, logs })
      const { runtime } = held
      const sandbox = await runtime.startSandbox(sandboxSpec('a'))
      const spec = containerSpec(['sh', '-c', PRINTS], { image: IMAGE, stdin: true, stdinOnce: true })
      const id = await runtime.createContainer(sandbox.id, spec)
      await runtime.startContainer(id)
      const session = await runtime.attach!(id, { stdin: true, tty: false })
      session.stdout.resume()
      session.stderr?.resume()
      const files = () => subject.logFiles({ engine: engine.directory, runtime: held.directory }, id)
      const sizes = () => files().map((file) => statSync(file, { throwIfNoEntry: false })?.size ?? 0)
      const seen = { stdout: '', stderr: '' }
      const batches = 12
      let batch = 0
      const next = () => session.stdin?.write(`${batch}\n`)
      next()
      for await (const { stream, bytes } of runtime.logs(id, { follow: true })) {
        seen[stream] += Buffer.from(bytes).toString()
        const isWhole = seen.stdout.includes(`${batch}-${BATCH_LINES - 1} `)
        if (!isWhole || !seen.stderr.includes(`${batch}-${BATCH_LINES - 1}\n`)) continue
        // Engines, or who looks after them, put a file aside a moment after it has grown too long.
        await expect.poll(() => sizes()[0], { timeout: 30_000 }).toBeLessThan(logs.maxBytes)
        batch += 1
        if (batch < batches) next()
        else session.stdin?.end()
      }
      const expected = Array.from({ length: batches }, (_each, number) => number)
      const numbered = (number: number) => Array.from({ length: BATCH_LINES }, (_each, line) => `${number}-${line}`)
      const names = (text: string) =>
        text
          .trim()
          .split('\n')
          .map((line) => line.split(' ')[0])
      expect(names(seen.stderr)).toEqual(expected.flatMap(numbered))
      expect(names(seen.stdout)).toEqual(['long', ...expected.flatMap(numbered)])
      expect(seen.stdout.indexOf('\n')).toBe('long '.length + LONG_LINE)
      expect(files().length).toBe(logs.maxFiles)
      expect(Math.max(...sizes())).toBeLessThan(2 * logs.maxBytes)
      const kept = names(await textOf(runtime, id))
      expect(kept).not.toContain('0-0')
      expect(kept.at(-1)).toBe(`${batches - 1}-${BATCH_LINES - 1}`)
    })

    test(`${name}: connections that no program of the pod has taken are counted`, async () => {
      await using held = await open()
      const { runtime } = held
      const sandbox = await runtime.startSandbox(sandboxSpec('a'))
      // The kernel makes connections for a server that is stopped, which never takes them.
      const listens = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':1F90 .*:0000 0A'"
      // One that is told to stop while it waits may take the next connection before it does.
      const isStopped = 'grep -q "^State:.T" /proc/$!/status'
      const stop = `kill -STOP $!; until ${isStopped}; do :; done`
      const server = `httpd -f -p 8080 & until ${listens}; do :; done; ${stop}; echo up; wait`
      const id = await runtime.createContainer(sandbox.id, containerSpec(['sh', '-c', server], { image: IMAGE }))
      await runtime.startContainer(id)
      for await (const _line of runtime.logs(id, { follow: true })) break
      expect(await runtime.untakenConnections?.(sandbox.id)).toBe(0)
      const connection = await runtime.dial(sandbox.id, 8080)
      connection.on('error', () => {})
      await expect.poll(() => runtime.untakenConnections?.(sandbox.id), { timeout: 30_000 }).toBe(1)
      connection.destroy()
    })
  })
}

/** Prints that many numbered lines for each word that it reads, to both streams; first a line longer than engines' buffers. */
const BATCH_LINES = 250
const LONG_LINE = 40_000
const PRINTS = `echo "long $(head -c ${LONG_LINE} /dev/zero | tr '\\0' x)"; while read -r batch; do
  i=0; while [ $i -lt ${BATCH_LINES} ]; do echo "$batch-$i ${'.'.repeat(200)}"; echo "$batch-$i" >&2; i=$((i+1)); done
done`

async function removeAll(runtime: Runtime): Promise<void> {
  const { sandboxes } = await runtime.list()
  await Promise.all(
    sandboxes.map(async ({ id }) => {
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
    }),
  )
}
