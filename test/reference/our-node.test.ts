import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { openUser } from '../cli/shoal.ts'
import type { Started, User } from '../cli/shoal.ts'
import { joinedNodeSuite, kubectl, missing, NODE_NAME, START_MS } from './joined-node-suite.ts'
import { startReference } from './start-reference.ts'
import type { Reference } from './start-reference.ts'

const SERVER = `require('http').createServer((q, r) => r.end('hello from ' + q.url)).listen(8080, () => console.log('listens'))`

joinedNodeSuite({
  missing: undefined,
  runtime: 'process',
  prepare: async () => ({ args: [], [Symbol.asyncDispose]: async () => {} }),
  image: `node:${process.versions.node.split('.')[0]}`,
  server: ['node', '-e', SERVER],
})

describe.skipIf(missing !== undefined)(
  `shoal controllers, scheduler and node on a real kube-apiserver ${missing ?? ''}`,
  () => {
    let reference: Reference
    let user: User
    const parts: Started[] = []

    beforeAll(async () => {
      reference = await startReference()
      user = openUser()
      const endpointOf = (file: string, name: string, groups: readonly string[]) =>
        user.write(file, formatKubeconfig({ name: file, endpoint: reference.server.endpointFor(name, groups) }))
      const admin = endpointOf('admin', 'admin', ['system:masters'])
      const node = endpointOf('node', `system:node:${NODE_NAME}`, ['system:nodes'])
      parts.push(
        user.start(['controllers', '--kubeconfig', admin]),
        user.start(['scheduler', '--kubeconfig', endpointOf('scheduler', 'system:kube-scheduler', [])]),
        user.start(['node', '--kubeconfig', node, '--port', '0', '--runtime', 'simulated', '--label', 'disk=fast']),
      )
      await Promise.all([parts[0]!.says(/^ready: /m), parts[1]!.says(/^ready: /m), parts[2]!.says(/has joined/)])
    }, START_MS)

    afterAll(async () => {
      for (const part of parts) part.process.kill('SIGTERM')
      await Promise.all(parts.map(({ outcome }) => outcome))
      user?.[Symbol.dispose]()
      await reference?.[Symbol.asyncDispose]()
    })

    test(
      'a Deployment becomes available with no part of Kubernetes but its API server',
      { timeout: 60_000 },
      async () => {
        const env = { PATH: process.env['PATH'], KUBECONFIG: join(user.directory, 'admin'), HOME: user.directory }
        const run = promisify(execFile)
        await run(kubectl ?? '', ['create', 'deployment', 'web', '--image=node:24', '--replicas=3'], { env })
        const wait = ['wait', '--for=condition=Available', 'deployment/web', '--timeout=50s']
        expect((await run(kubectl ?? '', wait, { env })).stdout).toContain('condition met')
        const { stdout } = await run(kubectl ?? '', ['get', 'nodes', '-l', 'disk=fast', '-o', 'name'], { env })
        expect(stdout).toBe('node/localhost\n')
      },
    )
  },
)
