import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { systemEnvironment } from '../../src/env/system.ts'
import { openCriRuntime } from '../../src/runtime/cri/cri-runtime.ts'
import { runtimeSuite } from '../../src/runtime/runtime-suite.ts'
import type { Runtime } from '../../src/runtime/runtime.ts'
import { BUSYBOX } from '../images/images.ts'
import { containerdMissing, startContainerd } from './containerd.ts'
import type { Containerd } from './containerd.ts'

const missing = containerdMissing()
let engine: Containerd
let opened = 0

async function open() {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-cri-'))
  const owner = `test-${process.pid}-${opened++}`
  const runtime = await openCriRuntime({
    environment: systemEnvironment('error'),
    endpoint: engine.endpoint,
    directory,
    owner,
  })
  const dispose = async () => {
    await removeAll(runtime)
    await runtime.close()
    await rm(directory, { recursive: true, force: true })
  }
  return { runtime, directory, owner, [Symbol.asyncDispose]: dispose }
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

test.skipIf(missing === undefined)(`on containerd: ${missing}`, ({ skip }) => skip())

describe.skipIf(missing !== undefined)('on containerd', () => {
  beforeAll(async () => {
    engine = await startContainerd()
    engine.load(BUSYBOX)
  })
  afterAll(async () => await engine?.[Symbol.asyncDispose]())

  runtimeSuite('CRI runtime', {
    open,
    image: 'docker.io/library/busybox:latest',
    missingImage: '127.0.0.1:1/nothing:here',
    runsCommands: true,
    firstProcessIsInit: true,
  })
})
