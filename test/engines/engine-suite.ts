import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Environment } from '../../src/env/environment.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { containerSpec, runtimeSuite, runToEnd, sandboxSpec, textOf } from '../../src/runtime/runtime-suite.ts'
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
  }): Promise<Runtime>
}

/** The port's suite, on one engine for all of it. */
export function engineSuite(name: string, subject: EngineSubject): void {
  const { missing } = subject
  let engine: Engine
  let opened = 0

  async function open() {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-engine-'))
    const owner = `test-${process.pid}-${opened++}`
    const environment = systemEnvironment('error')
    const runtime = await subject.open({ environment, endpoint: engine.endpoint, directory, owner })
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

    test(`${name}: connections that no program of the pod has taken are counted`, async () => {
      await using held = await open()
      const { runtime } = held
      const sandbox = await runtime.startSandbox(sandboxSpec('a'))
      // The kernel makes connections for a server that is stopped, which never takes them.
      const listens = "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q ':1F90 .*:0000 0A'"
      const server = `httpd -f -p 8080 & until ${listens}; do :; done; kill -STOP $!; echo up; wait`
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

async function removeAll(runtime: Runtime): Promise<void> {
  const { sandboxes } = await runtime.list()
  await Promise.all(
    sandboxes.map(async ({ id }) => {
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
    }),
  )
}
