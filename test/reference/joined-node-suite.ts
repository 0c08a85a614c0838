import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { formatKubeconfig } from '../../src/client/kubeconfig.ts'
import { openUser } from '../cli/shoal.ts'
import type { Started, User } from '../cli/shoal.ts'
import { packagedClient } from '../clients/packaged.ts'
import { whyNotBuilt } from './go-programs.ts'
import { startReference } from './start-reference.ts'
import type { Reference } from './start-reference.ts'

export const kubectl = packagedClient('kubectl')
const PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
export const missing = whyNotBuilt(...PROGRAMS) ?? (kubectl === undefined ? 'needs kubectl' : undefined)

export const START_MS = 120_000
/** The reference reaches nodes by their names. */
export const NODE_NAME = 'localhost'

/** A node of ours that is to join, and what can run on it. */
export interface JoiningNode {
  /** Why it cannot be had here. */
  readonly missing: string | undefined
  /** As the node's object names it: `process`. */
  readonly runtime: string
  /** Makes ready what it runs on; resolves to what `shoal node` is told of it. */
  readonly prepare: () => Promise<{ readonly args: readonly string[] } & AsyncDisposable>
  readonly image: string
  /** A command that says that it listens and then answers requests at port 8080 for `/a` and `/b`: `hello from /a`. */
  readonly server: readonly string[]
}

interface Result {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** What kubectl asks of a node goes through a real API server to ours, whatever that runs containers with. */
export function joinedNodeSuite({ missing: lacks, runtime, prepare, image, server }: JoiningNode): void {
  const why = missing ?? lacks
  describe.skipIf(why !== undefined)(
    `shoal node on a real kube-apiserver, ${runtime} ${why ?? ''}`,
    { timeout: 60_000 },
    () => {
      let engine: Awaited<ReturnType<typeof prepare>>
      let reference: Reference
      let user: User
      let joined: Started
      let port = 0

      const environment = (more: NodeJS.ProcessEnv = {}) => ({
        PATH: process.env['PATH'],
        KUBECONFIG: join(user.directory, 'admin'),
        HOME: user.directory,
        ...more,
      })
      const run = (args: readonly string[], more: { input?: string; env?: NodeJS.ProcessEnv } = {}) =>
        new Promise<Result>((resolve) => {
          const child = execFile(kubectl ?? '', args, { env: environment(more.env) }, (error, out, err) =>
            resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err }),
          )
          child.stdin?.end(more.input ?? '')
        })

      const local = [`--image=${image}`, '--image-pull-policy=IfNotPresent']

      beforeAll(async () => {
        engine = await prepare()
        reference = await startReference({ controllers: true })
        user = openUser()
        writeFileSync(join(user.directory, 'admin'), formatKubeconfig({ name: 'reference', endpoint: reference.admin }))
        const endpoint = reference.server.endpointFor(`system:node:${NODE_NAME}`, ['system:nodes'])
        const kubeconfig = user.write('node', formatKubeconfig({ name: 'node', endpoint }))
        joined = user.start(['node', '--kubeconfig', kubeconfig, '--port', '0', ...engine.args])
        const said = await joined.says(/node "localhost" has joined .* its server listens on 127.0.0.1:(\d+)/)
        port = Number(said[1])
        // Its account comes a moment after the namespace.
        await run(['wait', '--for=create', 'serviceaccount/default', '--timeout=60s'])
        await run(['run', 'web', ...local, '--command', '--', ...server])
        const ready = await run(['wait', '--for=condition=Ready', 'pod/web', '--timeout=60s'])
        expect(ready).toMatchObject({ code: 0, err: '' })
      }, START_MS)

      afterAll(async () => {
        joined?.process.kill('SIGTERM')
        await joined?.outcome
        user?.[Symbol.dispose]()
        await reference?.[Symbol.asyncDispose]()
        await engine?.[Symbol.asyncDispose]()
      }, 60_000)

      test('the node is Ready, and its pods run where the real scheduler puts them', async () => {
        const { out } = await run([
          'get',
          'nodes',
          '-o',
          'jsonpath={.items[*].status.nodeInfo.containerRuntimeVersion}',
        ])
        expect(out.split('://')[0]).toBe(runtime)
        expect((await run(['get', 'pod', 'web', '-o', 'jsonpath={.spec.nodeName}'])).out).toBe(NODE_NAME)
      })

      test('logs come through the API server, followed to the end, and a container that is not there is told of', async () => {
        // It is Ready before its program has said anything.
        await expect.poll(async () => (await run(['logs', 'web'])).out, { timeout: 30_000 }).toBe('listens\n')
        await run([
          'run',
          'brief',
          ...local,
          '--restart=Never',
          '--command',
          '--',
          'sh',
          '-c',
          'echo one; sleep 1; echo two',
        ])
        await run(['wait', '--for=jsonpath={.status.phase}=Running', 'pod/brief', '--timeout=30s'])
        expect((await run(['logs', '-f', 'brief'])).out).toBe('one\ntwo\n')
        expect((await run(['logs', 'web', '--previous'])).err).toContain(
          'previous terminated container "web" in pod "web" not found',
        )
      })

      test('the log of the life before is there once a container has been started again', async () => {
        await run(['run', 'again', ...local, '--command', '--', 'sh', '-c', 'echo a life; exit 1'])
        const isBack = '--for=jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}=1'
        expect(await run(['wait', isBack, 'pod/again', '--timeout=30s'])).toMatchObject({ code: 0 })
        expect((await run(['logs', 'again', '--previous'])).out).toBe('a life\n')
        await run(['delete', 'pod', 'again', '--grace-period=1'])
      })

      const TRANSPORTS = [
        ['WebSocket', 'true'],
        ['SPDY', 'false'],
      ] as const

      test.each(TRANSPORTS)('exec by %s carries input, both outputs and the exit code', async (_name, isWebSocket) => {
        const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: isWebSocket }
        const script = 'cat; echo fault >&2; exit 3'
        const { code, out, err } = await run(['exec', '-i', 'web', '--', 'sh', '-c', script], { input: 'typed', env })
        expect({ code, out, err }).toEqual({
          code: 3,
          out: 'typed',
          err: 'fault\ncommand terminated with exit code 3\n',
        })
      })

      test.each(TRANSPORTS)('port-forward by %s reaches a port of the pod', async (_name, isWebSocket) => {
        const env = environment({ KUBECTL_PORT_FORWARD_WEBSOCKETS: isWebSocket })
        const child = spawn(kubectl ?? '', ['port-forward', 'pod/web', ':8080'], { env })
        const said = await new Promise<string>((resolve) => child.stdout.once('data', (data) => resolve(String(data))))
        const local = /127\.0\.0\.1:(\d+)/.exec(said)?.[1]
        const answers = await Promise.all(
          ['/a', '/b'].map(async (at) => (await fetch(`http://127.0.0.1:${local}${at}`)).text()),
        )
        child.kill()
        expect(answers).toEqual(['hello from /a', 'hello from /b'])
      })

      const ask = (path: string, headers: Record<string, string>, secrets = {}) =>
        new Promise<{ code: number; body: string }>((resolve, reject) => {
          const asked = request(
            { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, ...secrets },
            (answer) => {
              let body = ''
              answer.on('data', (chunk) => (body += String(chunk)))
              answer.on('end', () => resolve({ code: answer.statusCode ?? 0, body }))
            },
          )
          asked.once('error', reject).end()
        })

      test('nobody asks the node anything but who the API server lets: anonymous 401, an account without rights 403', async () => {
        expect(await ask('/pods', {})).toEqual({ code: 401, body: 'Unauthorized' })
        expect(await ask('/pods', { authorization: 'Bearer nonsense' })).toEqual({ code: 401, body: 'Unauthorized' })
        const token = (await run(['create', 'token', 'default'])).out.trim()
        const refused = await ask('/pods', { authorization: `Bearer ${token}` })
        expect(refused.code).toBe(403)
        expect(refused.body).toBe(
          'Forbidden (user=system:serviceaccount:default:default, verb=get, resource=nodes, subresource(s)=[pods proxy])',
        )
        await run(['create', 'clusterrole', 'reads-metrics', '--verb=get', '--resource=nodes/metrics'])
        const to = ['--clusterrole=reads-metrics', '--serviceaccount=default:default']
        await run(['create', 'clusterrolebinding', 'reads-metrics', ...to])
        const allowed = await ask('/metrics/resource', { authorization: `Bearer ${token}` })
        expect(allowed.code).toBe(200)
        expect(allowed.body).toMatch(
          /^container_cpu_usage_seconds_total\{container="web",namespace="default",pod="web"\} [\d.]+ \d+$/m,
        )
        expect((await ask('/pods', { authorization: `Bearer ${token}` })).code).toBe(403)
      })

      test("a deleted pod ends and goes, and so does the node's work when it is stopped", async () => {
        const { code, err } = await run(['delete', 'pod', 'web', '--grace-period=1', '--timeout=30s'])
        expect({ code, err }).toEqual({ code: 0, err: '' })
        expect((await run(['get', 'pods', 'web'])).err).toContain('pods "web" not found')
      })
    },
  )
}
