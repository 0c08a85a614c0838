import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import type { Environment } from '../../src/env/environment.ts'
import { systemEnvironment } from '../../src/env/system.ts'
import { runtimeSuite } from '../../src/runtime/runtime-suite.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { BUSYBOX } from '../images/images.ts'
import type { Engine } from './engine.ts'

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
      image: 'docker.io/library/busybox:latest',
      missingImage: '127.0.0.1:1/nothing:here',
      runsCommands: true,
      firstProcessIsInit: true,
      showsLimits: true,
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
